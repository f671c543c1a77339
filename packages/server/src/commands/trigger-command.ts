import { type Command, InvalidArgumentError, Option } from 'commander'
import { isCurrency } from '../kernel/currencies.ts'
import { nearestName } from '../kernel/nearest-name.ts'
import { act, jsonOption, UsageError, wholeNumber, withExamples } from './command-action.ts'
import { amountText, paint, printJson, tableText, withProgress } from './command-output.ts'
import { eventLine } from './event-commands.ts'
import { openHouseClient } from './house-client.ts'
import { statusColour } from './payment-commands.ts'
import { runTrigger, type Trigger, type Triggered, triggers } from './triggers.ts'

const minorStandard = 25_000
const minorMax = 1_000_000_000_000

/** `paylect trigger`: makes an event really happen, through the simulator. */
export function registerTrigger(program: Command): void {
  const trigger = program
    .command('trigger')
    .description('Make an event really happen in the sandbox, and print what was made.')
    .argument('[event]', 'the event, such as payment.succeeded; --list shows them')
    .option('--list', 'list the events that can be triggered')
    .option('--amount <minor>', 'how much, in minor units', wholeNumber(2, minorMax), minorStandard)
    .option('--currency <code>', 'in which currency', currencyCode, 'INR')
    .addOption(
      new Option('--method <method>', 'how the payer pays').choices(['upi', 'card', 'bank_transfer']).default('upi'),
    )
    .addOption(jsonOption())
    .action(async (event: string | undefined, options: TriggerOptions, command: Command) =>
      act(() => triggerEvent(event, options, command)),
    )
  withExamples(
    trigger,
    'paylect trigger --list',
    'paylect trigger payment.succeeded --amount 4999 --currency INR',
    'paylect trigger payout.failed',
  )
}

interface TriggerOptions {
  readonly list?: boolean
  readonly amount: number
  readonly currency: string
  readonly method: string
  readonly json?: boolean
}

function currencyCode(text: string): string {
  const code = text.toUpperCase()
  if (isCurrency(code)) return code
  throw new InvalidArgumentError('Give the code of a currency, for example INR, EUR or BTC.')
}

async function triggerEvent(event: string | undefined, options: TriggerOptions, command: Command): Promise<void> {
  if (options.list === true) return printTriggers(options.json ?? false)
  const trigger = triggerOf(event)
  const client = await openHouseClient(command)
  const amount = { minor: options.amount, currency: options.currency, method: options.method }
  const triggered = await withProgress(`Waiting for ${trigger.event}`, () => runTrigger(trigger, client, amount))
  if (options.json === true) printJson(triggered)
  else process.stdout.write(triggeredText(triggered))
}

function triggerOf(event: string | undefined): Trigger {
  if (event === undefined) throw new UsageError('Name an event, such as payment.succeeded. --list shows all of them.')
  const found = triggers.find((trigger) => trigger.event === event)
  if (found) return found
  const nearest = nearestName(
    event,
    triggers.map((trigger) => trigger.event),
  )
  const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`
  throw new UsageError(`There is no event "${event}" to trigger.${hint} "paylect trigger --list" shows all of them.`)
}

function printTriggers(asJson: boolean): void {
  if (asJson) {
    printJson(triggers.map(({ event, what }) => ({ event, what })))
    return
  }
  const rows = triggers.map(({ event, what }) => [event, what])
  process.stdout.write(
    tableText(
      [
        { title: 'event', colour: paint.cyan },
        { title: 'what happens', cut: true },
      ],
      rows,
    ),
  )
}

function triggeredText({ event, objects }: Triggered): string {
  const rows = objects.map(({ object, id, status, amount, currency }) => [
    object,
    id,
    status,
    amountText(amount, currency),
  ])
  const columns = [
    { title: 'made' },
    { title: 'id' },
    { title: 'status', colour: statusColour },
    { title: 'amount', right: true },
  ]
  return `${tableText(columns, rows)}\n${eventLine(event)}\n`
}
