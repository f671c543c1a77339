import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from '../scripts/build.ts'

const packageFolder = join(import.meta.dirname, '..')
const root = join(packageFolder, '../..')

/** A folder of a project that has the built package installed, and nothing else but Node's types. */
export interface InstalledPackage {
  readonly folder: string
  /** Writes a file into the project; its path. */
  write(name: string, text: string): string
  /** Checks files with the strictest settings; what the compiler says, empty when it agrees. */
  typeErrors(...names: string[]): string
  /** Runs a file with Node; what it printed. Throws when it fails. */
  run(name: string, environment?: NodeJS.ProcessEnv): string
  remove(): void
}

/** Builds the package and installs it as npm would: what `files` lists, and package.json. */
export function installPackage(): InstalledPackage {
  const folder = mkdtempSync(join(tmpdir(), 'paylect-sdk-'))
  const installed = join(folder, 'node_modules/paylect-sdk')
  build(join(installed, 'dist'))
  cpSync(join(packageFolder, 'package.json'), join(installed, 'package.json'))
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true })
  symlinkSync(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'))
  const write = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  write('package.json', '{ "name": "shop", "type": "module" }\n')
  return {
    folder,
    write,
    typeErrors: (...names) => typeErrors(folder, write, names),
    run: (name, environment = {}) =>
      execFileSync(process.execPath, [name], {
        cwd: folder,
        encoding: 'utf8',
        timeout: 30_000,
        env: { ...process.env, ...environment },
      }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function typeErrors(folder: string, write: (name: string, text: string) => string, files: readonly string[]): string {
  const compilerOptions = {
    target: 'ES2023',
    lib: ['ES2023'],
    module: 'NodeNext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    types: ['node'],
  }
  const config = write('tsconfig.json', JSON.stringify({ compilerOptions, files }))
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config], { cwd: folder })
    return ''
  } catch (error) {
    return String((error as { readonly stdout?: Buffer }).stdout)
  }
}
