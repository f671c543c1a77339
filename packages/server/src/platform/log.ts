import { type BaseLogger, type Bindings, pino, stdTimeFunctions } from 'pino'
import { scrubLine } from './log-scrubber.ts'

/** From everything to nothing. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/**
 * The part of the logger that we use: `log.info({ paymentId }, 'payment succeeded')`. Fields first, then one sentence.
 * An error goes under `err`. It fits where Fastify wants a logger instance.
 */
export type Log = Pick<BaseLogger, 'level' | 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'> & {
  /** A logger that adds `bindings` to each of its lines. */
  child(bindings: Bindings): Log
}

/** Where finished lines go, each ending with a line feed. */
export interface LogDestination {
  write(line: string): void
}

/**
 * A logger that writes one line of JSON per entry (`level`, `time` in ISO 8601 UTC, fields, `msg`) to `destination`,
 * the standard output unless told otherwise. Every line passes the scrubber before it is written: card numbers,
 * credentials and one-time codes do not reach the destination, wherever in the entry they stand. With `pretty`, lines
 * are for a person's eyes.
 */
export function createLog(options: {
  readonly level: LogLevel
  readonly destination?: LogDestination
  readonly pretty?: boolean
}): Log {
  const destination = options.destination ?? pino.destination(1)
  return pino(
    {
      level: options.level,
      // No process id or host name: the operator's collector adds what it needs.
      base: null,
      // Written out: thirteen digits of epoch time would make every line look like a card number to the scrubber.
      timestamp: stdTimeFunctions.isoTime,
      hooks: { streamWrite: options.pretty === true ? (line) => prettyLine(scrubLine(line)) : scrubLine },
    },
    destination,
  )
}

/** A logger that writes nothing, for tests and for parts that run without one. */
export const silentLog: Log = pino({ level: 'silent' }, { write: () => undefined })

const levelNames: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
}

/** `10:15:30.123 INFO  payment succeeded paymentId=pay_… ` and, below it, the stack of an error. */
function prettyLine(line: string): string {
  const { level, time, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>
  const clockTime = typeof time === 'string' ? time.slice(11, 23) : ''
  const words = [clockTime, (levelNames[Number(level)] ?? String(level)).padEnd(5)]
  if (msg !== undefined) words.push(String(msg))
  for (const [name, value] of Object.entries(fields)) {
    words.push(`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  }
  if (err !== undefined) words.push(errorText(err))
  return `${words.join(' ')}\n`
}

function errorText(err: unknown): string {
  const stack = typeof err === 'object' && err !== null && 'stack' in err ? err.stack : undefined
  return typeof stack === 'string' ? `\n${stack}` : `err=${JSON.stringify(err)}`
}
