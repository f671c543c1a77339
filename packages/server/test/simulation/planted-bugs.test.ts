import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SeedsReport } from '../../src/simulation/simulate-seeds.ts'
import { plantedBugs } from './planted-bugs.ts'
import { createPlantedCopy, type PlantedCopy } from './planted-copy.ts'

const seedsMax = 50
const bugTimeoutMs = 300_000

let copy: PlantedCopy

beforeAll(async () => {
  copy = await createPlantedCopy()
})

afterAll(() => copy.remove())

describe('the simulation finds', () => {
  test.each(plantedBugs.map((bug) => [bug.name, bug] as const))(
    '%s',
    async (_, bug) => {
      await copy.withBug(bug, async () => {
        const { failure, seeds } = await simulate()
        expect(failure?.broken ?? [], `${seeds} seeds found nothing`).not.toEqual([])
      })
    },
    bugTimeoutMs,
  )
})

test(
  'a failing seed prints a shortest run, and the printed command replays it to the same trace',
  async () => {
    const bug = plantedBugs.find(({ name }) => name === 'the cap on refunds is gone')
    if (!bug) throw new Error('the bug has another name')
    await copy.withBug(bug, async () => {
      const found = await copy.run([copy.pathOf('main.ts'), 'simulate', '--seeds', `1..${seedsMax}`, '--ops', '200'])
      const [, command = '', hash] = /Again: paylect (.*?) {3}\(trace (\w+), replayed: the same\)/.exec(found) ?? []
      const [, left] = /shortest run found breaks one after (\d+) operations/.exec(found) ?? []
      expect(Number(left)).toBeLessThan(100)
      const again = await copy.run([copy.pathOf('main.ts'), ...command.split(' ')])
      expect(again).toContain(`(trace ${hash})`)
      expect(again).toContain('breaks a rule')
    })
  },
  bugTimeoutMs,
)

test(
  'the same copy without a bug breaks no rule',
  async () => {
    const { failure } = await simulate(3)
    expect(failure).toBeUndefined()
  },
  bugTimeoutMs,
)

/** Runs seeds in a process of their own, on the copy. */
async function simulate(seeds = seedsMax): Promise<SeedsReport> {
  const script = `
    const { simulateSeeds } = await import(${JSON.stringify(copy.pathOf('simulation/simulate-seeds.ts'))})
    const report = await simulateSeeds({ from: 1, to: ${seeds}, operations: 500 }, () => {})
    process.stdout.write(JSON.stringify({ ...report, failure: report.failure && { ...report.failure, trace: [] } }), () => process.exit())`
  return JSON.parse(await copy.run(['--input-type=module', '-e', script])) as SeedsReport
}
