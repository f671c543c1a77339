import type { IncomingHttpHeaders } from 'node:http'
import { createGuardedConnector, type Dial, dialAddresses, type Lookup, systemLookup } from './outbound-connect.ts'
import { exchange } from './outbound-exchange.ts'
import { checkUrl, createAddressGuard, type OutboundPolicy } from './outbound-policy.ts'
import { closePools, createOutboundPools, releaseOrigin, takeOrigin } from './outbound-pools.ts'

// A rail may import this file and no other of the platform, and it must be able to tell why a request failed.
export {
  assertDeliverableUrl,
  OutboundError,
  type OutboundErrorReason,
  type OutboundPolicy,
} from './outbound-policy.ts'

/**
 * The one way out of the server: webhooks, and rails that call their provider. Every address is checked (see
 * `outbound-connect.ts`), no redirect is followed, no environment proxy is used, nothing is decompressed, and every
 * wait and size has a bound. Connections are kept and used again, with a pool for each origin.
 */
export interface HttpClient {
  /**
   * Sends one POST and reads the reply, whatever its status: 3xx and 5xx are replies. Throws `OutboundError` if there
   * is none. Throws `TypeError` for a header that only the client may set, which is a fault of the caller.
   */
  post(request: HttpPost): Promise<HttpReply>
  /** Refuses new requests, lets those in flight end (their timeouts bound the wait), and closes every connection. */
  close(): Promise<void>
}

/**
 * What to send. `timeoutMs` spans everything: the wait for a free connection, the lookup, the handshake and the reply's
 * last byte.
 */
export interface HttpPost {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | string
  readonly timeoutMs: number
}

/** What came back. */
export interface HttpReply {
  readonly status: number
  /** Names in lower case; a repeated header is joined with a comma and a space. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * The first `excerptLimitBytes` of the body, read as UTF-8; what is not becomes U+FFFD, and so does NUL, which
   * PostgreSQL's text type cannot hold.
   */
  readonly bodyExcerpt: string
  /** Milliseconds from the call to the last byte, whole. */
  readonly durationMs: number
}

/** How the client behaves. Counts and sizes not given have the defaults named below. */
export interface HttpClientOptions extends OutboundPolicy {
  /** The bound on lookup, connection and TLS handshake together. */
  readonly connectTimeoutMs: number
  /** A body above this is refused as `too_large`; the rest is not read. */
  readonly bodyLimitBytes: number
  /** Connections to one origin at most. */
  readonly perHostConnections: number
  /** How much of a body `bodyExcerpt` holds; the whole body that is allowed unless told otherwise. */
  readonly excerptLimitBytes?: number
  /** Requests to one origin in flight or waiting at most; one more fails at once with `connection`. Default 1,024. */
  readonly perHostRequestsMax?: number
  /**
   * Origins with a pool at most. A new one takes the place of the one idle for longest; if none is idle it fails.
   * Default 1,024.
   */
  readonly originsMax?: number
  /** A pool that had nothing to do for this long is closed. Default 60 s. */
  readonly idleOriginTimeoutMs?: number
  /** Resolves names; the system's resolver unless told otherwise. Its answers are checked. */
  readonly lookup?: Lookup
  /** Starts TCP connections. The address that it reached is checked. */
  readonly dial?: Dial
}

const perHostRequestsDefaultMax = 1_024
const originsDefaultMax = 1_024
const idleOriginDefaultTimeoutMs = 60_000

/** Headers that frame the message or choose the host; the client alone sets them. */
const ownHeaders: ReadonlySet<string> = new Set(
  'host content-length transfer-encoding connection keep-alive upgrade expect te trailer proxy-connection'.split(' '),
)

/** A client of its own pools. Throws `RangeError` if a network of the policy is misspelt. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const guard = createAddressGuard(options)
  const { lookup = systemLookup, dial = dialAddresses, connectTimeoutMs } = options
  const pools = createOutboundPools({
    connect: createGuardedConnector({ guard, lookup, dial, connectTimeoutMs }),
    connectionsPerOrigin: options.perHostConnections,
    requestsPerOriginMax: options.perHostRequestsMax ?? perHostRequestsDefaultMax,
    originsMax: options.originsMax ?? originsDefaultMax,
    idleTimeoutMs: options.idleOriginTimeoutMs ?? idleOriginDefaultTimeoutMs,
  })
  const { bodyLimitBytes, excerptLimitBytes = bodyLimitBytes } = options
  return {
    async post({ url: text, headers, body, timeoutMs }) {
      const startedMs = performance.now()
      requireFreeHeaders(headers)
      const url = checkUrl(text, guard)
      const origin = takeOrigin(pools, url.origin)
      const request = {
        path: url.pathname + url.search,
        headers: { 'accept-encoding': 'identity', ...headers },
        body,
        timeoutMs,
        bodyLimitBytes,
      }
      const reply = await exchange(origin.pool, request, () => releaseOrigin(origin))
      return {
        status: reply.status,
        headers: flatHeaders(reply.headers),
        bodyExcerpt: excerptOf(reply.body, excerptLimitBytes),
        durationMs: Math.round(performance.now() - startedMs),
      }
    },
    close: () => closePools(pools),
  }
}

function excerptOf(body: Buffer, limitBytes: number): string {
  return body.subarray(0, limitBytes).toString('utf8').replaceAll('\0', '\ufffd')
}

function flatHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    flat[name] = Array.isArray(value) ? value.join(', ') : (value ?? '')
  }
  return flat
}

function requireFreeHeaders(headers: HttpPost['headers']): void {
  for (const name of Object.keys(headers)) {
    if (ownHeaders.has(name.toLowerCase())) throw new TypeError(`header ${name} is set by the client alone`)
  }
}
