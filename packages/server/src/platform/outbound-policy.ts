import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * Where the server may send requests. Merchants name the addresses, so by default only the public internet is open:
 * not the operator's own network, not the machine itself, not a cloud's metadata service.
 */
export interface OutboundPolicy {
  /** Opens 127.0.0.0/8, ::1 and `localhost`: for a sandbox whose receivers run on the same machine. */
  readonly allowLoopback: boolean
  /** Networks that the operator opens in CIDR notation (`10.20.0.0/16`, `fd00::/8`), whatever their kind. */
  readonly allowCidrs: readonly string[]
}

/**
 * `invalid_url`: not a URL that we may deliver to. `blocked_address`: it leads, or led, where the policy does not
 * allow. `timeout`: the whole exchange, from the wait for a connection to the last byte, took too long. `connection`:
 * no name, no connection, or it broke. `tls`: no handshake, or a certificate that does not hold. `too_large`: the reply
 * outgrew its bound.
 */
export type OutboundErrorReason = 'blocked_address' | 'timeout' | 'connection' | 'too_large' | 'invalid_url' | 'tls'

/**
 * Why a request got no usable reply. The message may be shown to the merchant: it names no address that the server
 * found out. `status` is set if the reply's head had arrived: the receiver then has seen the request.
 */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'
  readonly reason: OutboundErrorReason
  readonly status: number | null
  constructor(reason: OutboundErrorReason, message: string, options: { cause?: unknown; status?: number } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.reason = reason
    this.status = options.status ?? null
  }
}

/** The longest URL that a merchant may set, in characters. */
export const urlLengthMax = 2_048

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Network = [Address, number]

/** A policy made ready: its networks are parsed once. */
export interface AddressGuard {
  /** Whether a connection to this literal address is allowed. Anything that is not an address is not. */
  readonly allows: (address: string) => boolean
  readonly allowLoopback: boolean
}

/**
 * The only IPv6 space that is routed on the public internet (RFC 4291, IANA). Deprecated forms such as `::127.0.0.1`
 * are outside.
 */
const publicIpv6 = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Makes a policy ready. Throws `RangeError` if a network is not in CIDR notation: an operator's mistake, found at the
 * start.
 */
export function createAddressGuard(policy: OutboundPolicy): AddressGuard {
  const networks = policy.allowCidrs.map(parseNetwork)
  return {
    allowLoopback: policy.allowLoopback,
    allows(text) {
      if (isIP(text) === 0) return false
      const address = ipaddr.parse(text)
      const embedded = embeddedIpv4(address)
      if (networks.some((network) => matches(address, network) || (embedded && matches(embedded, network)))) return true
      if (policy.allowLoopback && (embedded ?? address).range() === 'loopback') return true
      return isPublic(address)
    },
  }
}

/**
 * Public is what belongs to no special range at all: a new range in the table closes, it never opens. Mapped addresses
 * are not public.
 */
function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast') return false
  return address.kind() === 'ipv4' || matches(address, publicIpv6)
}

function embeddedIpv4(address: Address): ipaddr.IPv4 | undefined {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : undefined
}

function matches(address: Address, [network, prefix]: Network): boolean {
  return address.kind() === network.kind() && address.match(network, prefix)
}

function parseNetwork(text: string): Network {
  try {
    return ipaddr.parseCIDR(text)
  } catch {
    throw new RangeError(`not a network in CIDR notation: ${text}`)
  }
}

/**
 * Checks a URL as far as its text goes, when a merchant sets it and again before each request: absolute http or https,
 * no credentials, at most `urlLengthMax` characters, and a literal address only where the policy allows. The WHATWG
 * parser reads decimal, hexadecimal and octal forms of an address, so they are judged as what they are. Names are
 * judged when they are resolved. Returns the parsed URL. Throws `OutboundError` with `invalid_url` or
 * `blocked_address`.
 */
export function assertDeliverableUrl(text: string, policy: OutboundPolicy): URL {
  return checkUrl(text, createAddressGuard(policy))
}

/** `assertDeliverableUrl` with the policy made ready, for the path that sends. */
export function checkUrl(text: string, guard: AddressGuard): URL {
  if (text.length > urlLengthMax) throw invalidUrl(`must not be longer than ${urlLengthMax} characters`)
  // The parser would drop or turn these silently; what is stored must be what is called.
  if (/[\p{Cc}\p{Z}\\]/u.test(text)) throw invalidUrl('must not contain spaces, control characters or backslashes')
  const url = URL.parse(text)
  if (url === null) throw invalidUrl('is not an absolute URL')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw invalidUrl('must begin with https:// or http://')
  if (url.username !== '' || url.password !== '') throw invalidUrl('must not contain credentials')
  if (url.port === '0') throw invalidUrl('must not name port 0')

  const host = hostOf(url)
  if (isIP(host) === 0 ? isLoopbackName(host) && !guard.allowLoopback : !guard.allows(host)) {
    throw new OutboundError('blocked_address', 'the address is not on the public internet')
  }
  return url
}

/** The host without the brackets of an IPv6 address. */
function hostOf(url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
}

/** RFC 6761, 6.3: these names always mean the machine itself. */
function isLoopbackName(host: string): boolean {
  const name = host.endsWith('.') ? host.slice(0, -1) : host
  return name === 'localhost' || name.endsWith('.localhost')
}

function invalidUrl(message: string): OutboundError {
  return new OutboundError('invalid_url', `the URL ${message}`)
}
