import type { Command } from 'commander'
import { act, commaList, jsonOption, wholeNumber, withExamples } from './command-action.ts'
import { amountText, paint, printJson, printLine, printNote } from './command-output.ts'
import { followEvents, newestEventNumber } from './event-feed.ts'
import { openHouseClient } from './house-client.ts'
import type { HouseEvent } from './house-objects.ts'

const countMax = 1_000_000

/** `paylect events`: the feed of what happens. */
export function registerEvents(program: Command): void {
  const events = program.command('events').description('Follow the feed: the complete record of what happens.')
  withExamples(events, 'paylect events tail')
  const tail = events
    .command('tail')
    .description('Print events as they happen, until Ctrl-C.')
    .option('--from <number>', 'begin behind this event; 0 for the beginning', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option('--events <types>', 'only these types, with commas between', commaList)
    .option('--count <count>', 'end after so many events', wholeNumber(1, countMax))
    .addOption(jsonOption(true))
    .action(async (options: TailOptions, command: Command) => act(() => tailEvents(options, command)))
  withExamples(tail, 'paylect events tail --from 0', 'paylect events tail --events payment.succeeded,payment.failed')
}

interface TailOptions {
  readonly from?: number
  readonly events?: readonly string[]
  readonly count?: number
  readonly json?: boolean
}

async function tailEvents({ from, events, count, json }: TailOptions, command: Command): Promise<void> {
  const client = await openHouseClient(command)
  const after = from ?? (await newestEventNumber(client))
  if (json !== true) printNote(paint.dim(`Following ${client.access.url} behind event ${after}. Ctrl-C ends it.`))
  for await (const event of followEvents(client, { after, types: events, count })) {
    if (json === true) printJson(event)
    else printLine(eventLine(event))
  }
}

const typeWidth = 24

/** One event on one line: when, which number, what, of which object, and how much it is about. */
export function eventLine({ number, type, timestamp, object_id: objectId, data }: HouseEvent): string {
  const { amount, currency } = data
  const sum = typeof amount === 'number' && typeof currency === 'string' ? amountText(amount, currency) : ''
  const time = paint.dim(timestamp.slice(11, 19))
  return `${time} ${String(number).padStart(4)} ${typeColour(type.padEnd(typeWidth))} ${objectId} ${sum}`.trimEnd()
}

function typeColour(type: string): string {
  if (/succeeded/.test(type)) return paint.green(type)
  if (/failed|expired|declined|cancelled|disabled/.test(type)) return paint.red(type)
  return paint.cyan(type)
}
