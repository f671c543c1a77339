import { type SimulationResult, simulate } from './simulate.ts'

/** Runs that the search for a shorter one may take. */
const runsMax = 150

/** The shortest run that was found, and whether it came out the same when it was run once more. */
export interface ShortestRun {
  readonly run: SimulationResult
  /** Operations that are left of those that the seed began with. */
  readonly operationsLeft: number
  readonly replays: boolean
}

/**
 * Looks for a shorter run of a failing seed that still breaks a rule. Where the rule broke only at rest, the end is cut
 * off first, by halves; where it broke before, no run is made to come to rest. Then ever smaller pieces of what is left are left out, as long as some rule still breaks without them. The rule that breaks in
 * the end may be another than the first one. Bounded by `runsMax` runs; then the run is made once more for its hash.
 */
export async function shortestRun(failed: SimulationResult): Promise<ShortestRun> {
  const { seed, atRest } = failed
  let best = failed
  let runs = 0
  const tryRun = async (operations: number, skipped: readonly number[]): Promise<boolean> => {
    runs += 1
    const result = await simulate(seed, operations, skipped, atRest)
    if (result.broken.length > 0) best = result
    return result.broken.length > 0
  }
  // A rule that only breaks once everything has come to rest may break after fewer operations too.
  for (let low = 1, high = failed.operation; atRest && low < high && runs < runsMax; ) {
    const middle = Math.floor((low + high) / 2)
    if (await tryRun(middle, [])) high = Math.min(middle, best.operation)
    else low = middle + 1
  }
  for (let size = Math.ceil(keptOf(best).length / 2); size >= 1 && runs < runsMax; size = Math.floor(size / 2)) {
    for (let from = 0; from < keptOf(best).length && runs < runsMax; ) {
      const piece = keptOf(best).slice(from, from + size)
      const skipped = [...best.skipped, ...piece].sort((a, b) => a - b)
      // What took the piece's place is tried next; where the piece is needed, the one behind it.
      if (!(await tryRun(best.operation, skipped))) from += size
    }
  }
  const again = await simulate(seed, best.operation, best.skipped)
  return { run: best, operationsLeft: keptOf(best).length, replays: again.traceHash === best.traceHash }
}

function keptOf({ operation, skipped }: SimulationResult): number[] {
  const leftOut = new Set(skipped)
  return Array.from({ length: operation }, (_, index) => index + 1).filter((each) => !leftOut.has(each))
}
