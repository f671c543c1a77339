import { type Command, Option } from 'commander'
import { paymentTransitions } from '../engine/index.ts'
import { statesOf } from '../kernel/transitions.ts'
import { act, instantText, jsonOption, limitOption, withExamples } from './command-action.ts'
import { amountText, fieldsText, paint, printJson, printLine, tableText, timeText } from './command-output.ts'
import { explanationText } from './explanation-text.ts'
import { openHouseClient } from './house-client.ts'
import type { HouseList, HousePayment } from './house-objects.ts'

const limitStandard = 20
const limitMax = 100

/** `paylect payments`: the merchant's payments, through the house API. */
export function registerPayments(program: Command): void {
  const payments = program.command('payments').description('Look at payments, and why they are as they are.')
  withExamples(payments, 'paylect payments list --status succeeded', 'paylect payments explain ORD-2026-4892')
  const list = payments
    .command('list')
    .description('List payments, newest first.')
    .addOption(new Option('--status <status>', 'only in this state').choices(statesOf(paymentTransitions)))
    .option('--currency <code>', 'only in this currency')
    .option('--reference <text>', 'only with this reference of yours')
    .option('--from <instant>', 'only created at or after it', instantText)
    .option('--to <instant>', 'only created before it', instantText)
    .option('--after <id>', 'continue behind this payment')
    .addOption(limitOption('payments', limitStandard, limitMax))
    .addOption(jsonOption())
    .action(async (options: ListOptions, command: Command) => act(() => printPayments(options, command)))
  withExamples(list, 'paylect payments list --status succeeded --limit 5')
  const get = payments
    .command('get')
    .description('Show one payment.')
    .argument('<id>', 'the payment’s id, or your reference of it')
    .addOption(jsonOption())
    .action(async (id: string, options: JsonOptions, command: Command) => act(() => printPayment(id, options, command)))
  withExamples(get, 'paylect payments get ORD-2026-4892')
  const explain = payments
    .command('explain')
    .description('Say why a payment is as it is, what it cost, and what happens next.')
    .argument('<id>', 'the payment’s id, or your reference of it')
    .addOption(jsonOption())
    .action(async (id: string, options: JsonOptions, command: Command) =>
      act(() => printExplanation(id, options, command)),
    )
  withExamples(explain, 'paylect payments explain ORD-2026-4892')
}

interface JsonOptions {
  readonly json?: boolean
}

interface ListOptions extends JsonOptions {
  readonly status?: string
  readonly currency?: string
  readonly reference?: string
  readonly from?: string
  readonly to?: string
  readonly after?: string
  readonly limit: number
}

async function printPayments(options: ListOptions, command: Command): Promise<void> {
  const { status, currency, reference, from, to, after, limit, json } = options
  const client = await openHouseClient(command)
  const query = { status, currency, reference, created_from: from, created_to: to, after, limit }
  const page = await client.get<HouseList<HousePayment>>('/payments', query)
  if (json === true) return printJson(page)
  if (page.data.length === 0) return printLine('There is no such payment.')
  const columns = [
    { title: 'id' },
    { title: 'status', colour: statusColour },
    { title: 'amount', right: true },
    { title: 'created (UTC)' },
  ]
  const rows = page.data.map((payment) => {
    return [payment.id, payment.status, amountText(payment.amount, payment.currency), timeText(payment.created_at)]
  })
  process.stdout.write(tableText(columns, rows))
  const last = page.data.at(-1)
  if (page.has_more && last) printLine(paint.dim(`More: --after ${last.id}`))
}

async function printPayment(id: string, { json }: JsonOptions, command: Command): Promise<void> {
  const client = await openHouseClient(command)
  const payment = await client.get<HousePayment>(`/payments/${encodeURIComponent(id)}`)
  if (json === true) return printJson(payment)
  process.stdout.write(paymentText(payment))
}

/** One payment for people: what it is about, what came of it, and when. */
export function paymentText(payment: HousePayment): string {
  const { currency } = payment
  const sum = (minor: number) => (minor === 0 ? undefined : amountText(minor, currency))
  return fieldsText([
    ['payment', payment.id],
    ['status', statusColour(payment.status)],
    ['amount', amountText(payment.amount, currency)],
    ['received', sum(payment.amount_received)],
    ['in suspense', sum(payment.amount_in_suspense)],
    ['fee', sum(payment.fee)],
    ['refunded', sum(payment.amount_refunded)],
    ['method', `${payment.method} (${payment.rail})`],
    ['reference', payment.reference],
    ['customer', payment.customer_reference],
    ['description', payment.description],
    ['attempts', `${payment.attempts_made} of ${payment.attempts_max}`],
    ['failure', payment.failure_code && `${payment.failure_code}: ${payment.failure_message ?? ''}`],
    ['created', payment.created_at],
    ['expires', payment.finished_at ? undefined : payment.expires_at],
    ['finished', payment.finished_at],
    ['checkout', payment.checkout_url],
  ])
}

async function printExplanation(id: string, { json }: JsonOptions, command: Command): Promise<void> {
  const client = await openHouseClient(command)
  const explanation = await client.get<Record<string, unknown>>(`/payments/${encodeURIComponent(id)}/explain`)
  if (json === true) return printJson(explanation)
  process.stdout.write(explanationText(explanation))
}

/** Green for what has ended well, red for what has not, yellow for what is open. */
export function statusColour(status: string): string {
  const word = status.trim()
  if (['succeeded', 'delivered', 'active', 'enabled', 'ok'].includes(word)) return paint.green(status)
  if (['failed', 'expired', 'cancelled', 'exhausted', 'stopped', 'revoked', 'fail'].includes(word))
    return paint.red(status)
  return paint.yellow(status)
}
