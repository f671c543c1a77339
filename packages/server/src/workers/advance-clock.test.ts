import { expect, test } from 'vitest'
import { moveSandboxClock } from './advance-clock.ts'

const start = Date.UTC(2026, 10, 21)
const target = start + 60_000

/** A sandbox with nothing in it but a clock; `runDue` is what goes on there. */
function sandbox(runDue: () => Promise<number>) {
  let now = start
  const setClock = async (instant: number) => {
    now = instant
  }
  const clock = { now: () => now }
  return { store: { nextDue: async () => undefined }, clock, setClock, runDue, timeoutMs: 100 }
}

test('work that never ends holds a move up only so long, and the caller hears where the clock stands', async () => {
  const stuck = sandbox(() => new Promise(() => {}))
  const startedAtMs = performance.now()
  await expect(moveSandboxClock(stuck, target)).rejects.toMatchObject({ code: 'clock_not_there_yet' })
  expect(performance.now() - startedAtMs).toBeLessThan(5_000)
  expect(stuck.clock.now()).toBe(start)
})

test('a move that was cut short is finished by the next one', async () => {
  let works = 0
  const slow = sandbox(() => {
    works += 1
    return works === 1 ? new Promise(() => {}) : Promise.resolve(0)
  })
  await expect(moveSandboxClock(slow, target)).rejects.toMatchObject({ kind: 'limit_exceeded' })
  await moveSandboxClock(slow, target)
  expect(slow.clock.now()).toBe(target)
})
