import { promises as dns } from 'node:dns'
import { once } from 'node:events'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { buildConnector } from 'undici'
import { type AddressGuard, OutboundError } from './outbound-policy.ts'

/**
 * Opens the sockets of the outbound client. The states of one attempt, all under one deadline:
 *
 *     resolving → checked → connecting → connected and checked again → (TLS handshake) → handed over
 *
 * The addresses that were checked are the ones dialled, so a name that answers differently the second time (DNS
 * rebinding) gains nothing. The connected socket is checked once more before a single byte is written, so that no later
 * change to the way of dialling can open a hole unseen. From any state an error or the deadline destroys the socket.
 */

/** One answer of a name server. */
export interface ResolvedAddress {
  readonly address: string
  readonly family: number
}

/** Finds the addresses of a name; rejects if there are none. */
export type Lookup = (hostname: string) => Promise<readonly ResolvedAddress[]>

/** Starts a TCP connection to one of `addresses`. */
export type Dial = (host: string, port: number, addresses: readonly ResolvedAddress[]) => Socket

/** The most addresses of one name that are dialled in turn. */
const addressesMax = 8

/**
 * How long one of several addresses may take before the next is tried as well. Node's own 250 ms fails on slow routes.
 */
const nextAddressTimeoutMs = 1_000

/** The system's resolver: it reads the hosts file too, which private networks rely on. */
export const systemLookup: Lookup = (hostname) => dns.lookup(hostname, { all: true })

/** Dials the given addresses and no other: the socket's own lookup answers with them. */
export const dialAddresses: Dial = (host, port, addresses) =>
  connectTcp({
    host,
    port,
    noDelay: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: nextAddressTimeoutMs,
    lookup(_hostname, _options, callback) {
      callback(null, [...addresses])
    },
  })

/** A connector for an undici pool that opens guarded sockets. It fails with `OutboundError` only. */
export function createGuardedConnector(options: {
  readonly guard: AddressGuard
  readonly lookup: Lookup
  readonly dial: Dial
  readonly connectTimeoutMs: number
}): buildConnector.connector {
  return (target, callback) => {
    openSocket(options, target).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    )
  }
}

type ConnectorOptions = Parameters<typeof createGuardedConnector>[0]

async function openSocket(options: ConnectorOptions, target: buildConnector.Options): Promise<Socket> {
  const deadline = new AbortController()
  const timer = setTimeout(
    () => deadline.abort(new OutboundError('timeout', 'no connection in time')),
    options.connectTimeoutMs,
  )
  try {
    const isSecure = target.protocol === 'https:'
    const port = target.port === '' ? (isSecure ? 443 : 80) : Number(target.port)
    const addresses = await resolveChecked(options, target.hostname, deadline.signal)
    const socket = options.dial(target.hostname, port, addresses)
    await settled(socket, 'connect', deadline.signal, connectionError)
    if (socket.remoteAddress === undefined || !options.guard.allows(socket.remoteAddress)) {
      socket.destroy()
      throw blockedAddress()
    }
    return isSecure ? await secured(socket, target.hostname, deadline.signal) : socket
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Every address of the name must be allowed: a name that leads inside with one of its answers is not to be trusted with
 * the others.
 */
async function resolveChecked(
  { guard, lookup }: ConnectorOptions,
  hostname: string,
  signal: AbortSignal,
): Promise<readonly ResolvedAddress[]> {
  const family = isIP(hostname)
  const addresses = family === 0 ? await unlessAborted(lookup(hostname), signal) : [{ address: hostname, family }]
  if (addresses.length === 0) throw new OutboundError('connection', 'the host name has no address')
  if (!addresses.every(({ address }) => guard.allows(address))) throw blockedAddress()
  return addresses.slice(0, addressesMax).map(({ address }) => ({ address, family: isIP(address) }))
}

/** A lookup cannot be called off; past the deadline its answer is ignored. */
async function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } catch (error) {
    throw connectionError(error)
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** The certificate is verified against the host name and the system's authorities; only HTTP/1.1 is offered. */
async function secured(socket: Socket, hostname: string, signal: AbortSignal): Promise<Socket> {
  const secure = connectTls({
    socket,
    host: hostname,
    // Server name indication is for names only, without a final dot (RFC 6066, 3).
    ...(isIP(hostname) === 0 ? { servername: hostname.replace(/\.$/, '') } : {}),
    ALPNProtocols: ['http/1.1'],
  })
  await settled(secure, 'secureConnect', signal, tlsError)
  return secure
}

/** Waits for `event`; otherwise destroys the socket and throws what `translate` makes of the error. */
async function settled(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
  translate: (error: unknown) => OutboundError,
): Promise<void> {
  // Between this state and the next nobody else listens, and an error without a listener would end the process.
  socket.on('error', () => undefined)
  try {
    await once(socket, event, { signal })
  } catch (error) {
    socket.destroy()
    throw translate(signal.aborted ? signal.reason : error)
  }
}

function connectionError(error: unknown): OutboundError {
  if (error instanceof OutboundError) return error
  const code = codeOf(error)
  if (code === 'ETIMEDOUT') return new OutboundError('timeout', 'no connection in time', { cause: error })
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'ENODATA') {
    return new OutboundError('connection', 'the host name could not be resolved', { cause: error })
  }
  return new OutboundError('connection', `no connection${code === '' ? '' : ` (${code})`}`, { cause: error })
}

function tlsError(error: unknown): OutboundError {
  if (error instanceof OutboundError) return error
  const code = codeOf(error)
  return new OutboundError('tls', `no secure connection${code === '' ? '' : ` (${code})`}`, { cause: error })
}

/** The code that Node gives its errors, or nothing. */
export function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : ''
}

function blockedAddress(): OutboundError {
  return new OutboundError('blocked_address', 'the host is not on the public internet')
}
