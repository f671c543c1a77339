import { Logger } from 'graphile-worker'
import type { Log } from './log.ts'

/** What the library says of every job that starts or ends is of interest only to who looks for a fault in it. */
const levels = { error: 'error', warning: 'warn', info: 'debug', debug: 'trace' } as const

/** The job library's logger, speaking through ours. Errors keep their stack under `err`. */
export function createJobLogger(log: Log): Logger {
  return new Logger((scope) => (level, message, meta) => {
    const error = meta?.['error']
    const fields = { ...scope, ...(error === undefined ? {} : { err: error }) }
    log[levels[level as keyof typeof levels]](fields, message)
  })
}
