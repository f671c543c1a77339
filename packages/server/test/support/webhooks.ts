import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Dialect } from '../../src/dialects/dialect.ts'
import { type NewWebhookEndpoint, secretContext } from '../../src/engine/index.ts'
import type { Scope } from '../../src/kernel/scope.ts'
import { createVault, type Vault } from '../../src/platform/vault.ts'

/** One POST as a receiver saw it. */
export interface ReceivedPost {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What a receiver answers: a status, with headers, or nothing at all. */
export type ReceiverAnswer =
  | number
  | { readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | 'hang'

/** A merchant's server on this machine. */
export interface Receiver {
  readonly url: string
  readonly posts: readonly ReceivedPost[]
  /** Decides the answers from now on; the number of the post, from 1, is handed in. */
  answerWith(answer: (post: ReceivedPost, number: number) => ReceiverAnswer | Promise<ReceiverAnswer>): void
  /** The most posts that were in progress at once. */
  readonly busiest: number
  close(): Promise<void>
}

/** Starts a receiver on a free port of the loopback address; it answers 200 until told otherwise. */
export async function startReceiver(): Promise<Receiver> {
  const posts: ReceivedPost[] = []
  let answer: (post: ReceivedPost, number: number) => ReceiverAnswer | Promise<ReceiverAnswer> = () => 200
  let inProgress = 0
  let busiest = 0
  const server = createServer(async (request, response) => {
    inProgress += 1
    busiest = Math.max(busiest, inProgress)
    response.on('close', () => {
      inProgress -= 1
    })
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const post = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() }
    posts.push(post)
    const given = await answer(post, posts.length)
    if (given === 'hang') return
    const { status, headers } = typeof given === 'number' ? { status: given, headers: {} } : given
    response.writeHead(status, headers).end('thanks')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    answerWith: (given) => {
      answer = given
    },
    get busiest() {
      return busiest
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** How a made-up dialect differs from the usual one. */
export interface MadeUpDialectOptions {
  readonly name?: string
  readonly retryDelaysMs?: readonly number[]
  readonly timeoutMs?: number
  readonly renderEvent?: Dialect['renderEvent']
}

/** The secret that tests sign with. */
export const testWebhookSecret = 'a-webhook-secret-of-the-tests'

const dayMs = 24 * 60 * 60_000

/** A small dialect with everything that webhooks need: it renders each event as JSON and signs with an HMAC. */
export function madeUpDialect(options: MadeUpDialectOptions = {}): Dialect {
  const { name = 'made-up' } = options
  return {
    name,
    mount: `/${name}`,
    surface: () => {
      throw new Error('the made-up dialect serves no requests')
    },
    renderEvent:
      options.renderEvent ??
      ((event) => ({
        type: event.type,
        body: JSON.stringify({ id: event.id, type: event.type, object: event.objectId }),
        headers: { 'content-type': 'application/json' },
      })),
    sign: ({ deliveryId, body, secret, sentAt }) => ({
      'webhook-id': deliveryId,
      'webhook-timestamp': `${Math.floor(sentAt / 1000)}`,
      'webhook-signature': createHmac('sha256', secret).update(body).digest('hex'),
    }),
    webhooks: {
      retryDelaysMs: options.retryDelaysMs ?? [60_000, 3_600_000, dayMs, dayMs],
      timeoutMs: options.timeoutMs ?? 2_000,
      acknowledges: (status) => status >= 200 && status < 300,
    },
    newCredentials: () => ({ apiKey: 'key', webhookSecret: testWebhookSecret }),
    isApiKey: () => true,
    paymentNumberOf: () => undefined,
  }
}

/** A vault with one key, and the test secret sealed for a merchant's endpoint of a dialect. */
export const testVault: Vault = createVault({ keys: [{ id: 'test', key: Buffer.alloc(32, 7) }] })

/** An endpoint to provision a merchant with. */
export function endpointFor(scope: Scope, url: string | null, dialect = 'made-up'): NewWebhookEndpoint {
  return { dialect, url, sealedSecret: testVault.seal(testWebhookSecret, secretContext(scope, dialect)) }
}

/** Waits until something holds, for ten seconds at most. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('it did not come true in ten seconds')
}
