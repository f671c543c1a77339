import { type ExecFileException, execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { PlantedBug } from './planted-bugs.ts'

/** A copy of the source in which bugs are planted, one at a time. */
export interface PlantedCopy {
  /** Runs `check` while the bug stands in the copy. */
  withBug(bug: PlantedBug, check: () => Promise<void>): Promise<void>
  /** Runs a Node program with these arguments, the copy's files named from its root; answers what it printed. */
  run(args: readonly string[]): Promise<string>
  /** The path of a file below `src/` in the copy. */
  pathOf(file: string): string
  remove(): Promise<void>
}

const server = resolve(import.meta.dirname, '../..')
const modules = resolve(server, '../../node_modules')
const runTimeoutMs = 600_000
const outputMaxBytes = 64 * 1024 * 1024

/** Copies the source into a folder of its own. */
export async function createPlantedCopy(): Promise<PlantedCopy> {
  const copy = await mkdtemp(join(tmpdir(), 'paylect-planted-'))
  await cp(join(server, 'src'), join(copy, 'src'), { recursive: true })
  await cp(join(server, 'package.json'), join(copy, 'package.json'))
  await symlink(join(server, 'migrations'), join(copy, 'migrations'))
  await symlink(modules, join(copy, 'node_modules'))
  const pathOf = (file: string) => join(copy, 'src', file)
  return {
    pathOf,
    withBug: async ({ edits }, check) => {
      const sound = new Map<string, string>()
      try {
        for (const { file, find, replace } of edits) {
          const text = await readFile(pathOf(file), 'utf8')
          if (!sound.has(file)) sound.set(file, text)
          if (text.split(find).length !== 2) throw new Error(`the place of the bug does not stand once in ${file}`)
          const planted = text.replace(find, () => replace)
          await writeFile(pathOf(file), planted)
        }
        await check()
      } finally {
        for (const [file, text] of sound) await writeFile(pathOf(file), text)
      }
    },
    run: (args) => runNode(args, copy),
    remove: () => rm(copy, { recursive: true, force: true }),
  }
}

/** A simulation that finds something ends with 1, which is no failure of the test. */
function runNode(args: readonly string[], cwd: string): Promise<string> {
  const options = { cwd, timeout: runTimeoutMs, maxBuffer: outputMaxBytes }
  return new Promise((resolvePromise, reject) => {
    execFile(process.execPath, args, options, (error: ExecFileException | null, stdout, stderr) => {
      if (error && error.code !== 1) reject(new Error(`${error.message}\n${stderr}`))
      else if (stdout === '') reject(new Error(`it printed nothing:\n${stderr}`))
      else resolvePromise(stdout)
    })
  })
}
