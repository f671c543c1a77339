/** The program of a child process of `startSeedProcesses`: answers each seed with its run, until it is ended. */
import type { SeedQuestion } from './seed-processes.ts'
import { simulate, simulateOnPostgres } from './simulate.ts'

process.on('message', (question: SeedQuestion) => {
  const { seed, operations, url } = question
  const running = url === undefined ? simulate(seed, operations) : simulateOnPostgres(seed, operations, url)
  running.then(
    (result) => process.send?.(result),
    (error: unknown) => {
      process.stderr.write(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}\n`)
      process.exit(1)
    },
  )
})
// Nobody is left to answer.
process.on('disconnect', () => process.exit())
