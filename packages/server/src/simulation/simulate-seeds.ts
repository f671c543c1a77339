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
  /** The run of the first seed that failed, as it was. */
  readonly failure: SimulationResult | undefined
  /** Objects made over all seeds, by kind. */
  readonly counts: Readonly<Record<string, number>>
}

/** Runs one seed. */
export type RunSeed = (seed: number, operations: number) => Promise<SimulationResult>

/** Runs seeds until one fails, as many at once as there are runners; `onSeed` hears of each. Answers the lowest that failed. */
export async function simulateSeeds(
  { from, to, operations }: SeedRange,
  onSeed: (result: SimulationResult) => void,
  runners: readonly RunSeed[] = [simulate],
): Promise<SeedsReport> {
  const counts: Record<string, number> = {}
  const failures: SimulationResult[] = []
  let next = from
  let seeds = 0
  const runOn = async (run: RunSeed) => {
    while (next <= to && failures.length === 0) {
      const seed = next
      next += 1
      const result = await run(seed, operations)
      seeds += 1
      for (const [kind, count] of Object.entries(result.counts)) counts[kind] = (counts[kind] ?? 0) + count
      onSeed(result)
      if (result.broken.length > 0) failures.push(result)
    }
  }
  await Promise.all(runners.map(runOn))
  const [failure] = failures.sort((one, other) => one.seed - other.seed)
  return { seeds, operations, failure, counts }
}
