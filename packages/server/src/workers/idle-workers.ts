import type { Workers, WorkersReadiness } from './start-workers.ts'

const resting: WorkersReadiness = {
  ready: true,
  jobs: 'not listening',
  timers: 'working',
  deliveries: 'working',
  underWay: 0,
}

/**
 * The workers of a process that leaves background work to others (`--role api`). Other processes hear of new jobs from
 * the database and look for what is due every second. Only what must have happened before its caller is answered,
 * above all a move of the sandbox's clock, starts workers of its own, for as long as it takes and one after another.
 */
export function createIdleWorkers(start: () => Workers): Workers {
  let last: Promise<unknown> = Promise.resolve()
  const borrow = <Result>(use: (workers: Workers) => Promise<Result>): Promise<Result> => {
    const turn = last.then(async () => {
      const workers = start()
      try {
        return await use(workers)
      } finally {
        await workers.stop()
      }
    })
    last = turn.catch(() => undefined)
    return turn
  }
  return {
    wake: () => undefined,
    moveSandboxClock: (target) => borrow((workers) => workers.moveSandboxClock(target)),
    runAllDue: (mode) => borrow((workers) => workers.runAllDue(mode)),
    deadJobs: () => borrow((workers) => workers.deadJobs()),
    readiness: () => resting,
    stop: async () => {
      await last
    },
  }
}
