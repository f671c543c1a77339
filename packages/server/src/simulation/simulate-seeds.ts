import { shortestRun } from './shortest-run.ts'
import { type SimulationResult, simulate } from './simulate.ts'

/** Which seeds to run, and how long each. */
export interface SeedRange {
  readonly from: number
  readonly to: number
  readonly operations: number
}

/** What a range of seeds came to. */
export interface SeedsReport {
  readonly seeds: number
  readonly operations: number
  /** The shortest run of the first seed that failed. */
  readonly failure: SimulationResult | undefined
  /** Objects made over all seeds, by kind. */
  readonly counts: Readonly<Record<string, number>>
}

/** Runs seeds one after another until one fails; `onSeed` hears of each. */
export async function simulateSeeds(
  { from, to, operations }: SeedRange,
  onSeed: (result: SimulationResult) => void,
): Promise<SeedsReport> {
  const counts: Record<string, number> = {}
  for (let seed = from; seed <= to; seed += 1) {
    const result = await simulate(seed, operations)
    for (const [kind, count] of Object.entries(result.counts)) counts[kind] = (counts[kind] ?? 0) + count
    onSeed(result)
    if (result.broken.length > 0) {
      return { seeds: seed - from + 1, operations, failure: await shortestRun(result), counts }
    }
  }
  return { seeds: to - from + 1, operations, failure: undefined, counts }
}
