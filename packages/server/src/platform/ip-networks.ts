import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** The bits in front of an IPv4 address that is written as an IPv6 one (`::ffff:192.0.2.1`, RFC 4291, 2.5.5.2). */
const mappedPrefixBits = 96

/**
 * The one way to write a network: its first address and the length of its prefix (`192.0.2.77/24` is `192.0.2.0/24`; an
 * address alone is a network of one). Networks of mapped addresses become those of the IPv4 addresses they stand for.
 * `undefined` for what is not a network in CIDR notation (RFC 4632, RFC 4291).
 */
export function canonicalNetwork(text: string): string | undefined {
  const [addressText = '', prefixText, ...rest] = text.split('/')
  if (rest.length > 0 || isIP(addressText) === 0 || addressText.includes('%')) return undefined
  const address = parseAddress(addressText)
  const bits = address.kind() === 'ipv4' ? 32 : 128
  if (prefixText !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(prefixText)) return undefined
  const prefix = prefixText === undefined ? bits : Number(prefixText)
  if (prefix > bits) return undefined
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && prefix >= mappedPrefixBits) {
    return canonicalNetwork(`${address.toIPv4Address()}/${prefix - mappedPrefixBits}`)
  }
  return `${maskedTo(address, prefix)}/${prefix}`
}

/** Whether an address lies in one of the networks, which `canonicalNetwork` wrote. What is no address lies in none. */
export function isInNetworks(text: string, networks: readonly string[]): boolean {
  if (isIP(text) === 0) return false
  const parsed = parseAddress(text)
  // A socket for both families shows an IPv4 caller as a mapped address.
  const address = parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress() ? parsed.toIPv4Address() : parsed
  return networks.some((network) => {
    const [base, prefix] = ipaddr.parseCIDR(network)
    return base.kind() === address.kind() && address.match(base, prefix)
  })
}

/** Reads an address. The library takes the deprecated form `::192.0.2.1` for a mapped address, which it is not. */
function parseAddress(text: string): Address {
  const dotted = isIP(text) === 6 ? /\d+\.\d+\.\d+\.\d+/.exec(text)?.[0] : undefined
  if (dotted === undefined) return ipaddr.parse(text)
  const [first = 0, second = 0, third = 0, fourth = 0] = dotted.split('.').map(Number)
  const groups = [first * 256 + second, third * 256 + fourth].map((group) => group.toString(16))
  return ipaddr.parse(text.replace(dotted, groups.join(':')))
}

function maskedTo(address: Address, prefix: number): string {
  const bytes = address.toByteArray().map((byte, index) => {
    const kept = Math.min(Math.max(prefix - index * 8, 0), 8)
    return byte & (0xff << (8 - kept)) & 0xff
  })
  return ipaddr.fromByteArray(bytes).toString()
}
