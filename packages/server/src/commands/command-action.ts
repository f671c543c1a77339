import { type Command, InvalidArgumentError, Option } from 'commander'

/** The command was called in a way that it does not understand: the process ends with 2, not with 1. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Exit codes: what was asked for failed, or it was not understood. */
export const exitCodes = { failure: 1, usage: 2 } as const

/** Runs a command. What a person sees of a failure is its message on standard error; the exit code says the rest. */
export async function act(action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (error) {
    process.stderr.write(`paylect: ${messageOf(error)}\n`)
    process.exitCode = error instanceof UsageError ? exitCodes.usage : exitCodes.failure
  }
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error instanceof Error && error.message !== '' ? error.message : String(error)
}

/** Adds the examples that every command's help ends with. */
export function withExamples(command: Command, ...lines: readonly string[]): Command {
  const title = lines.length === 1 ? 'Example:' : 'Examples:'
  return command.addHelpText('after', `\n${title}\n${lines.map((line) => `  $ ${line}`).join('\n')}`)
}

/** `--json`, the same everywhere. */
export function jsonOption(lines = false): Option {
  return new Option('--json', lines ? 'print JSON, one value a line' : 'print one JSON value')
}

/** `--limit`, a whole number from 1 to `max`. */
export function limitOption(what: string, standard: number, max: number): Option {
  return new Option('-n, --limit <count>', `how many ${what} at most, 1 to ${max}`)
    .default(standard)
    .argParser(wholeNumber(1, max))
}

/** Reads a whole number between two bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`)
  }
}

/** Reads an ISO 8601 instant with a zone and answers it as it will be sent. */
export function instantText(text: string): string {
  if (!Number.isNaN(Date.parse(text)) && /T.*(Z|[+-]\d\d:\d\d)$/.test(text)) return text
  throw new InvalidArgumentError('Give an ISO 8601 instant with a zone, for example 2026-12-01T00:00:00Z.')
}

/** Reads an http or https address. */
export function webAddress(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '')
  throw new InvalidArgumentError('Give an http or https address, for example http://localhost:3000/webhooks.')
}

/** Reads a list with commas. */
export function commaList(text: string): readonly string[] {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
  if (items.length > 0) return items
  throw new InvalidArgumentError('Give one or several names with commas between.')
}
