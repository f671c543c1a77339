import { type SimulationResult, simulate } from './simulate.ts'

/**
 * The shortest run of a failing seed that still fails: fewer operations of the same chance. A run that fails at an
 * operation fails there again, so this is one more run, and its trace ends where the first rule broke.
 */
export async function shortestRun(failed: SimulationResult): Promise<SimulationResult> {
  let best = failed
  // A rule that only breaks once everything has come to rest may break after fewer operations too: look by halves.
  for (let low = 1, high = failed.operation; low < high; ) {
    const middle = Math.floor((low + high) / 2)
    const result = await simulate(failed.seed, middle)
    if (result.broken.length > 0) {
      best = result
      high = Math.min(middle, result.operation)
    } else low = middle + 1
  }
  return best
}
