import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SeedsReport } from '../../src/simulation/simulate-seeds.ts'
import { type PlantedBug, plantedBugs } from './planted-bugs.ts'

const run = promisify(execFile)
const source = resolve(import.meta.dirname, '../../src')
const modules = resolve(import.meta.dirname, '../../../../node_modules')
const seedsMax = 50
const runTimeoutMs = 110_000

let copy: string

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'paylect-planted-'))
  await cp(source, join(copy, 'src'), { recursive: true })
  await symlink(modules, join(copy, 'node_modules'))
  await writeFile(join(copy, 'package.json'), '{ "type": "module" }')
})

afterAll(() => rm(copy, { recursive: true, force: true }))

describe('the simulation finds', () => {
  test.each(plantedBugs.map((bug) => [bug.name, bug] as const))(
    '%s',
    async (_, bug) => {
      await withBug(bug, async () => {
        const { failure, seeds } = await simulate()
        expect(failure?.broken ?? [], `${seeds} seeds found nothing`).not.toEqual([])
      })
    },
    120_000,
  )
})

test('the same copy without a bug breaks no rule', async () => {
  const { failure } = await simulate(10)
  expect(failure).toBeUndefined()
})

async function withBug({ file, find, replace }: PlantedBug, check: () => Promise<void>): Promise<void> {
  const path = join(copy, 'src', file)
  const sound = await readFile(path, 'utf8')
  expect(sound.split(find).length, `the place of the bug stands once in ${file}`).toBe(2)
  await writeFile(
    path,
    sound.replace(find, () => replace),
  )
  try {
    await check()
  } finally {
    await writeFile(path, sound)
  }
}

/** Runs seeds in a process of their own, on the copy. */
async function simulate(seeds = seedsMax): Promise<SeedsReport> {
  const script = `
    const { simulateSeeds } = await import(${JSON.stringify(join(copy, 'src/simulation/simulate-seeds.ts'))})
    const report = await simulateSeeds({ from: 1, to: ${seeds}, operations: 500 }, () => {})
    process.stdout.write(JSON.stringify({ ...report, failure: report.failure && { ...report.failure, trace: [] } }), () => process.exit())`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
    timeout: runTimeoutMs,
    maxBuffer: 64 * 1024 * 1024,
  })
  return JSON.parse(stdout) as SeedsReport
}
