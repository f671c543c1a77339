import { type Command, Option } from 'commander'
import { act, instantText, jsonOption, limitOption, UsageError, withExamples } from './command-action.ts'
import { paint, printJson, printLine, tableText, withProgress } from './command-output.ts'
import { type HouseClient, openHouseClient } from './house-client.ts'
import type { HouseDelivery, HouseList } from './house-objects.ts'
import { statusColour } from './payment-commands.ts'

const limitStandard = 20
const limitMax = 100
const resendCallsMax = 1_000

/** `paylect deliveries`: the log of webhooks. */
export function registerDeliveries(program: Command): void {
  const deliveries = program.command('deliveries').description('Look at webhooks that were sent, and send them again.')
  withExamples(deliveries, 'paylect deliveries list --status exhausted', 'paylect deliveries resend del_…')
  const list = deliveries
    .command('list')
    .description('List deliveries, newest first.')
    .addOption(
      new Option('--status <status>', 'only in this state').choices(['pending', 'delivered', 'exhausted', 'stopped']),
    )
    .option('--endpoint <id>', 'only to this webhook endpoint')
    .option('--after <id>', 'continue behind this delivery')
    .addOption(limitOption('deliveries', limitStandard, limitMax))
    .addOption(jsonOption())
    .action(async (options: ListOptions, command: Command) => act(() => printDeliveries(options, command)))
  withExamples(list, 'paylect deliveries list --status exhausted')
  const resend = deliveries
    .command('resend')
    .description('Send the same bytes again: one delivery, or all that failed since a time.')
    .argument('[id]', 'the delivery’s id, del_…')
    .option('--failed-since <instant>', 'all that failed since then', instantText)
    .option('--endpoint <id>', 'with --failed-since: only to this webhook endpoint')
    .addOption(jsonOption())
    .action(async (id: string | undefined, options: ResendOptions, command: Command) =>
      act(() => resendDeliveries(id, options, command)),
    )
  withExamples(
    resend,
    'paylect deliveries resend del_…',
    'paylect deliveries resend --failed-since 2026-12-01T00:00:00Z',
  )
}

interface ListOptions {
  readonly status?: string
  readonly endpoint?: string
  readonly after?: string
  readonly limit: number
  readonly json?: boolean
}

interface ResendOptions {
  readonly failedSince?: string
  readonly endpoint?: string
  readonly json?: boolean
}

async function printDeliveries({ endpoint, json, ...query }: ListOptions, command: Command): Promise<void> {
  const client = await openHouseClient(command)
  const page = await client.get<HouseList<HouseDelivery>>('/deliveries', {
    status: query.status,
    after: query.after,
    limit: query.limit,
    endpoint_id: endpoint,
  })
  if (json === true) return printJson(page)
  if (page.data.length === 0) return printLine('There is no such delivery.')
  const rows = page.data.map(({ id, status, attempts_made: tries, event_type: type }) => {
    return [id, status, String(tries), type]
  })
  const columns = [{ title: 'id' }, { title: 'status', colour: statusColour }, { title: 'tries', right: true }]
  process.stdout.write(tableText([...columns, { title: 'event', cut: true }], rows))
  const last = page.data.at(-1)
  if (page.has_more && last) printLine(paint.dim(`More: --after ${last.id}`))
}

async function resendDeliveries(id: string | undefined, options: ResendOptions, command: Command): Promise<void> {
  const { failedSince, endpoint, json } = options
  if ((id === undefined) === (failedSince === undefined)) {
    throw new UsageError('Give either the id of a delivery or --failed-since with an instant.')
  }
  const client = await openHouseClient(command)
  if (id !== undefined) {
    const delivery = await client.post<HouseDelivery>(`/deliveries/${encodeURIComponent(id)}/resend`)
    if (json === true) return printJson(delivery)
    return printLine(`${delivery.id} is sent again.`)
  }
  const body = { from: failedSince, ...(endpoint === undefined ? {} : { endpoint_id: endpoint }) }
  const resent = await withProgress('Sending again', () => resendAll(client, body))
  if (json === true) printJson({ resent })
  else printLine(`${resent} deliveries are sent again.`)
}

/** One call sends a bounded part again; the next call finds what is left. */
async function resendAll(client: HouseClient, body: object): Promise<number> {
  let resent = 0
  for (let calls = 0; calls < resendCallsMax; calls += 1) {
    const answer = await client.post<{ resent: number; has_more: boolean }>('/deliveries/resend', body)
    resent += answer.resent
    if (!answer.has_more) return resent
  }
  throw new Error(`${resent} deliveries are sent again, and there are more. Run the same command again.`)
}
