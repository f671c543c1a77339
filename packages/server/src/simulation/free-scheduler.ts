/*
 * The scheduler of a run whose outside is real: a database with its own timing decides who goes on. Pauses only add
 * disorder; what it owns is knowing when everything that was begun has ended.
 *
 * States of work: under way → ended, or dropped (its process crashed: its next pause never ends).
 */
import { createHash } from 'node:crypto'
import { setImmediate as afterMicrotasks, setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from './chance.ts'
import type { Scheduler, SimulatedProcess } from './scheduler.ts'

const pauseMaxMs = 3
/** Real work that takes longer than this hangs. */
const restTimeoutMs = 60_000
const restPollMs = 2

/** Creates the scheduler of a run that cannot replay: its trace says what happened, its hash names this one run. */
export function createFreeScheduler(chance: Chance, traceMax: number): Scheduler {
  const underWay = new Map<Promise<unknown>, SimulatedProcess>()
  const trace: string[] = []
  const hash = createHash('sha256')
  const note = (text: string) => {
    hash.update(text).update('\n')
    trace.push(text)
    if (trace.length > traceMax) trace.shift()
  }
  return {
    pause: async (process) => {
      if (chance.oneIn(4)) await sleep(chance.between(0, pauseMaxMs))
      else await afterMicrotasks()
      if (!process.isAlive) await new Promise<never>(() => {})
    },
    follow: (process, work) => {
      if (!process.isAlive) return
      underWay.set(work, process)
      const end = () => underWay.delete(work)
      work.then(end, end)
    },
    step: async () => {
      if (chance.oneIn(3)) await sleep(1)
      else await afterMicrotasks()
      return underWay.size > 0
    },
    settle: async () => {
      await afterMicrotasks()
    },
    rest: async () => {
      const deadlineMs = performance.now() + restTimeoutMs
      while (underWay.size > 0) {
        if (performance.now() > deadlineMs) throw new Error(`${underWay.size} pieces of work do not end`)
        await sleep(restPollMs)
      }
    },
    crash: (process) => {
      process.isAlive = false
      for (const [work, of] of underWay) if (of === process) underWay.delete(work)
      note(`${process.name} crashes`)
    },
    note,
    traceHash: () => hash.copy().digest('hex'),
    trace,
    get parked() {
      return underWay.size
    },
  }
}
