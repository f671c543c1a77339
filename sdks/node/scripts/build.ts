import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const packageFolder = join(import.meta.dirname, '..')

/**
 * Compiles the package twice, for `import` and for `require`, each with its types, into a folder that is emptied first.
 * Throws with the compiler's words when it objects.
 */
export function build(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  for (const format of ['esm', 'cjs'] as const) {
    compile(`tsconfig.${format}.json`, join(folder, format))
  }
  // The package says that its .js files are ES modules; these are not.
  mkdirSync(join(folder, 'cjs'), { recursive: true })
  writeFileSync(join(folder, 'cjs/package.json'), '{ "type": "commonjs" }\n')
}

function compile(config: string, outDir: string): void {
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const command = [compiler, '-p', join(packageFolder, config), '--outDir', outDir]
  try {
    execFileSync(process.execPath, command, { cwd: packageFolder, encoding: 'utf8' })
  } catch (error) {
    const { stdout = '' } = error as { readonly stdout?: string }
    throw new Error(`${config} does not compile:\n${stdout}`, { cause: error })
  }
}

if (import.meta.main) build(join(packageFolder, 'dist'))
