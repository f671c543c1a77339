import { randomBytes } from 'node:crypto'
import { type Command, InvalidArgumentError } from 'commander'
import { sign } from '../dialects/paylect/webhooks.ts'
import { systemClock } from '../kernel/clock.ts'
import { act, commaList, jsonOption, webAddress, wholeNumber, withExamples } from './command-action.ts'
import { paint, printJson, printLine, printNote } from './command-output.ts'
import { eventLine } from './event-commands.ts'
import { followEvents, newestEventNumber } from './event-feed.ts'
import { openHouseClient } from './house-client.ts'
import type { HouseEvent } from './house-objects.ts'

const countMax = 1_000_000
const secretBytes = 24
const forwardTimeoutMs = 15_000
const excerptCharactersMax = 60
/** What is read of a receiver's answer, in bytes: it is shown on one line. */
const answerBytesMax = 4_096

/** `paylect listen`: a webhook for a program that no gateway could reach. */
export function registerListen(program: Command): void {
  const listen = program
    .command('listen')
    .description('Print events as they happen and forward them, signed as webhooks are, to a program of yours.')
    .option('--forward-to <url>', 'where to POST every event', webAddress)
    .option('--events <types>', 'only these types, with commas between', commaList)
    .option('--from <number>', 'begin behind this event; 0 for the beginning', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option(
      '--secret <secret>',
      'sign with this secret (whsec_…); without it, with the one that is printed',
      webhookSecret,
    )
    .option('--count <count>', 'end after so many events', wholeNumber(1, countMax))
    .addOption(jsonOption(true))
    .action(async (options: ListenOptions, command: Command) => act(() => listenAndForward(options, command)))
  withExamples(
    listen,
    'paylect listen --forward-to http://localhost:3000/webhooks',
    'paylect listen --forward-to http://localhost:3000 --events payment.succeeded',
  )
}

interface ListenOptions {
  readonly forwardTo?: string
  readonly events?: readonly string[]
  readonly from?: number
  readonly secret?: string
  readonly count?: number
  readonly json?: boolean
}

function webhookSecret(text: string): string {
  if (/^whsec_[A-Za-z0-9+/]{16,}={0,2}$/.test(text)) return text
  throw new InvalidArgumentError('Give a secret of Standard Webhooks: whsec_ and base64.')
}

async function listenAndForward(options: ListenOptions, command: Command): Promise<void> {
  const { forwardTo, events, from, count, json } = options
  const client = await openHouseClient(command)
  const secret = options.secret ?? client.access.webhookSecret ?? `whsec_${randomBytes(secretBytes).toString('base64')}`
  const after = from ?? (await newestEventNumber(client))
  printNote(paint.dim(`Listening to ${client.access.url} behind event ${after}. Ctrl-C ends it.`))
  if (forwardTo !== undefined) printNote(`Forwarding to ${forwardTo}, signed with ${secret}`)
  for await (const event of followEvents(client, { after, types: events, count })) {
    const answer = forwardTo === undefined ? undefined : await forward(event, forwardTo, secret)
    if (json === true) printJson({ ...event, ...(answer ? { forwarded: answer } : {}) })
    else printLine([eventLine(event), ...(answer ? [`         → ${answerText(answer)}`] : [])].join('\n'))
  }
}

/** What the receiver said. */
interface ForwardAnswer {
  readonly status: number | null
  readonly duration_ms: number
  readonly body: string
  readonly error: string | null
}

async function forward(event: HouseEvent, url: string, secret: string): Promise<ForwardAnswer> {
  const body = JSON.stringify(event)
  const signature = sign({ deliveryId: event.id, body, secret, sentAt: systemClock.now() })
  const startedAt = performance.now()
  const took = () => Math.round(performance.now() - startedAt)
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signature },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(forwardTimeoutMs),
    })
    const text = await beginningOf(answer)
    return { status: answer.status, duration_ms: took(), body: text, error: null }
  } catch (error) {
    return { status: null, duration_ms: took(), body: '', error: reasonOf(error) }
  }
}

async function beginningOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    chunks.push(chunk)
    bytes += chunk.byteLength
    // Leaving the loop gives the rest of the answer up.
    if (bytes >= answerBytesMax) break
  }
  return Buffer.concat(chunks).subarray(0, answerBytesMax).toString('utf8')
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${forwardTimeoutMs / 1000} seconds`
  const { cause } = error
  if (cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED') return 'nobody listens there'
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message
}

function answerText({ status, duration_ms: durationMs, body, error }: ForwardAnswer): string {
  if (error !== null) return paint.red(`not delivered: ${error} (${durationMs} ms)`)
  const accepted = status !== null && status >= 200 && status < 300
  const oneLine = printable(body).trim()
  const excerpt = oneLine.length > excerptCharactersMax ? `${oneLine.slice(0, excerptCharactersMax)}…` : oneLine
  const text = `${status} in ${durationMs} ms`
  return `${accepted ? paint.green(text) : paint.red(text)}${excerpt === '' ? '' : `  ${paint.dim(excerpt)}`}`
}

/** A receiver's text must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
}
