import { systemNow } from './clock.ts'
import { PaylectError } from './errors.ts'
import { EventFeed } from './event-feed.ts'
import { Resources } from './generated/resources.ts'
import { createTransport, type TransportSettings } from './transport.ts'

const timeoutMsDefault = 30_000
const retriesMaxDefault = 2

/** What a client needs to know. */
export interface PaylectOptions {
  /** A secret key of the house API: `sk_test_…` for the sandbox, `sk_live_…` for real money. */
  readonly apiKey: string
  /** Where the gateway stands, for example `https://pay.example.com`; the `/v1` of its API may stand behind it or not. */
  readonly baseUrl: string
  /** How long one try of a call may take, in milliseconds; 30 seconds unless given. */
  readonly timeoutMs?: number | undefined
  /** How often a failed try is repeated where that is safe, 0 to 10; 2 unless given. */
  readonly retriesMax?: number | undefined
  /** Sends the requests; Node's own `fetch` unless given. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/**
 * A client of one merchant in one mode. It holds no connection open and may be used by any number of callers at once;
 * make one and keep it. Every call throws a `PaylectError`.
 */
export class Paylect extends Resources {
  override readonly events: EventFeed

  /** Throws `PaylectError` for options that cannot work. */
  constructor(options: PaylectOptions) {
    const transport = createTransport(settingsFrom(options))
    super(transport)
    this.events = new EventFeed(transport)
  }
}

function settingsFrom(options: PaylectOptions): TransportSettings {
  const { apiKey, baseUrl, timeoutMs = timeoutMsDefault, retriesMax = retriesMaxDefault, fetch } = options
  if (typeof apiKey !== 'string' || !/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new PaylectError('apiKey must be a key of the house API, such as sk_test_….')
  }
  if (!Number.isFinite(timeoutMs) || timeoutMs <= 0) throw new PaylectError('timeoutMs must be above zero.')
  // Looked up at every call, so that what replaces the global fetch later, such as a tracer, is used.
  const send: typeof globalThis.fetch = fetch ?? ((input, init) => globalThis.fetch(input, init))
  return { apiKey, baseUrl: originOf(baseUrl), timeoutMs, retriesMax, fetch: send, now: systemNow }
}

function originOf(baseUrl: string): string {
  const isWebAddress = typeof baseUrl === 'string' && /^https?:\/\//i.test(baseUrl) && URL.canParse(baseUrl)
  if (!isWebAddress) throw new PaylectError('baseUrl must be the http or https address of the gateway.')
  return baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '')
}
