/**
 * Plants bugs that only the simulation on PostgreSQL can find, one at a time, in a copy of the source, and runs seeds
 * until each is found. Ends with 1 when one is not. It takes a few minutes, so it is a command of its own:
 * `npm run planted-database-bugs`.
 */
import type { SeedsReport } from '../../src/simulation/simulate-seeds.ts'
import { plantedDatabaseBugs } from '../simulation/planted-bugs.ts'
import { createPlantedCopy, type PlantedCopy } from '../simulation/planted-copy.ts'

const seedsMax = 50
const operations = 200

async function main(): Promise<void> {
  const copy = await createPlantedCopy()
  try {
    for (const bug of plantedDatabaseBugs) {
      process.stderr.write(`Looking for: ${bug.name} …\n`)
      await copy.withBug(bug, async () => {
        const { failure, seeds } = await simulateOnPostgres(copy)
        const [first] = failure?.broken ?? []
        if (first === undefined) process.exitCode = 1
        const verdict = first === undefined ? 'NOT FOUND' : `found by seed ${failure?.seed}: ${first}`
        process.stdout.write(`${bug.name}\n  ${verdict} (${seeds} of ${seedsMax} seeds ran)\n`)
      })
    }
  } finally {
    await copy.remove()
  }
}

async function simulateOnPostgres(copy: PlantedCopy): Promise<SeedsReport> {
  const range = ['--seeds', `1..${seedsMax}`, '--ops', `${operations}`]
  const printed = await copy.run([copy.pathOf('main.ts'), 'simulate', ...range, '--store', 'postgres', '--json'])
  return JSON.parse(printed) as SeedsReport
}

await main()
