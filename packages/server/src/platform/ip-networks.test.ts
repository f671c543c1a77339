import { describe, expect, test } from 'vitest'
import { canonicalNetwork, isInNetworks } from './ip-networks.ts'

describe('a network', () => {
  test.each([
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['192.0.2.77/24', '192.0.2.0/24'],
    ['192.0.2.77/25', '192.0.2.0/25'],
    ['192.0.2.200/25', '192.0.2.128/25'],
    ['192.0.2.7', '192.0.2.7/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['203.0.113.9/0', '0.0.0.0/0'],
    ['2001:DB8::1', '2001:db8::1/128'],
    ['2001:db8:ffff::1/33', '2001:db8:8000::/33'],
    ['::/0', '::/0'],
    ['::ffff:192.0.2.7', '192.0.2.7/32'],
    ['::ffff:192.0.2.7/120', '192.0.2.0/24'],
    ['::192.0.2.7/128', '::c000:207/128'],
    ['64:ff9b::192.0.2.7/96', '64:ff9b::/96'],
  ])('%s is written as %s', (text, written) => {
    expect(canonicalNetwork(text)).toBe(written)
    expect(canonicalNetwork(written)).toBe(written)
  })

  test.each([
    ...['', '/', '192.0.2.0/33', '192.0.2.0/-1', '192.0.2.0/08', '192.0.2.0/', '192.0.2.0/24/24', '192.0.2/24'],
    ...['0x7f.1', '127.1', '2130706433', '010.0.0.1', '2001:db8::/129', 'fe80::1%eth0', 'example.com', ' 192.0.2.1'],
  ])('%j is none', (text) => {
    expect(canonicalNetwork(text)).toBeUndefined()
  })

  test('holds the addresses of its prefix, of its own family, however a socket writes them', () => {
    const networks = ['192.0.2.0/24', '2001:db8::/32']
    for (const inside of ['192.0.2.0', '192.0.2.255', '::ffff:192.0.2.9', '2001:db8:1::1', '2001:0DB8::']) {
      expect(isInNetworks(inside, networks), inside).toBe(true)
    }
    for (const outside of ['192.0.3.0', '::ffff:192.0.3.1', '2001:db9::1', '::192.0.2.9', '', 'unix', '192.0.2']) {
      expect(isInNetworks(outside, networks), outside).toBe(false)
    }
    expect([isInNetworks('192.0.2.1', ['::/0']), isInNetworks('2001:db8::1', ['0.0.0.0/0'])]).toEqual([false, false])
    expect(isInNetworks('192.0.2.1', [])).toBe(false)
  })
})
