import { describe, expect, test } from 'vitest'
import { assertDeliverableUrl, createAddressGuard, OutboundError, urlLengthMax } from './outbound-policy.ts'

const closed = { allowLoopback: false, allowCidrs: [] }

function judge(url: string, policy: Parameters<typeof assertDeliverableUrl>[1] = closed): string {
  try {
    assertDeliverableUrl(url, policy)
    return 'allowed'
  } catch (error) {
    if (error instanceof OutboundError) return error.reason
    throw error
  }
}

describe('a URL that leads inside', () => {
  test.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://127.0.0.1./',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0x7f.0.0.1/',
    'http://0177.0.0.1/',
    'http://017700000001/',
    'http://127.0.0.1:8080/',
    'http://１２７.０.０.１/',
    'http://0.0.0.0/',
    'http://0/',
    'http://10.1.2.3/',
    'http://172.16.0.1/',
    'http://172.31.255.255/',
    'http://192.168.1.1/',
    'http://100.64.0.1/',
    'http://169.254.169.254/latest/meta-data',
    'http://0xa9fea9fe/',
    'http://192.0.0.192/',
    'http://198.18.0.1/',
    'http://203.0.113.1/',
    'http://192.88.99.1/',
    'http://224.0.0.1/',
    'http://240.0.0.1/',
    'http://255.255.255.255/',
    'http://[::1]/',
    'http://[::]/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://[::ffff:93.184.216.34]/',
    'http://[::127.0.0.1]/',
    'http://[::ffff:0:127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[64:ff9b:1::a00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[2001:0:7f00:1::]/',
    'http://[2001:db8::1]/',
    'http://[fe80::1]/',
    'http://[fec0::1]/',
    'http://[fc00::1]/',
    'http://[fd00:ec2::254]/',
    'http://[ff02::1]/',
    'http://[100::1]/',
    'http://localhost/',
    'http://LOCALHOST:3000/',
    'http://localhost./',
    'http://shop.localhost/',
  ])('%s is refused', (url) => {
    expect(judge(url)).toBe('blocked_address')
  })
})

describe('a URL that is not one', () => {
  test.each([
    '',
    'example.com/hook',
    '/hook',
    '//example.com/hook',
    'ftp://example.com/',
    'file:///etc/passwd',
    'gopher://example.com/',
    'javascript:alert(1)',
    'https://',
    'https://user@example.com/',
    'https://user:password@example.com/',
    'https://:password@example.com/',
    ' https://example.com/',
    'https://example.com/\n',
    'https://exam\tple.com/',
    'https:\\\\example.com\\',
    'https://example.com/a b',
    'https://example.com:0/',
    'https://example.com:70000/',
    'https://256.256.256.256/',
    'https://[::1/',
    'https://[fe80::1%25eth0]/',
    `https://example.com/${'a'.repeat(urlLengthMax)}`,
  ])('%j is refused', (url) => {
    expect(judge(url)).toBe('invalid_url')
  })
})

describe('a URL on the public internet', () => {
  test.each([
    'https://example.com/hook?a=1#part',
    'http://example.com:8080/',
    'https://93.184.216.34/',
    'https://[2606:2800:220:1:248:1893:25c8:1946]/',
    'https://localhost.example.com/',
    'https://notlocalhost/',
    'https://münchen.example/',
  ])('%s is allowed', (url) => {
    expect(judge(url)).toBe('allowed')
    expect(assertDeliverableUrl(url, closed).href).toBe(new URL(url).href)
  })
})

describe("the operator's exceptions", () => {
  test('loopback opens the machine itself and nothing else', () => {
    const policy = { allowLoopback: true, allowCidrs: [] }
    for (const host of ['127.0.0.1', '127.9.9.9', '[::1]', '[::ffff:127.0.0.1]', 'localhost', 'shop.localhost']) {
      expect(judge(`http://${host}:9/`, policy), host).toBe('allowed')
    }
    for (const host of ['0.0.0.0', '[::]', '10.0.0.1', '169.254.169.254', '[64:ff9b::7f00:1]', '[::127.0.0.1]']) {
      expect(judge(`http://${host}/`, policy), host).toBe('blocked_address')
    }
  })

  test('a network opens its own addresses, in their mapped form too, and no neighbour', () => {
    const policy = { allowLoopback: false, allowCidrs: ['10.20.0.0/16', 'fd00::/8'] }
    for (const host of ['10.20.3.4', '[::ffff:10.20.3.4]', '[fd12::1]']) {
      expect(judge(`http://${host}/`, policy), host).toBe('allowed')
    }
    for (const host of ['10.21.0.1', '[fc00::1]', '127.0.0.1', '[::ffff:10.21.0.1]']) {
      expect(judge(`http://${host}/`, policy), host).toBe('blocked_address')
    }
  })

  test('a misspelt network is refused at the start', () => {
    for (const network of ['10.0.0.0', '10.0.0.0/33', 'office', '']) {
      expect(() => createAddressGuard({ allowLoopback: false, allowCidrs: [network] }), network).toThrow(RangeError)
    }
  })

  test('what is not an address is never allowed as one', () => {
    const guard = createAddressGuard({ allowLoopback: true, allowCidrs: ['0.0.0.0/0', '::/0'] })
    for (const text of ['', 'example.com', '0177.0.0.1', '1', '127.1', '[::1]'])
      expect(guard.allows(text), text).toBe(false)
    expect(guard.allows('169.254.169.254')).toBe(true)
  })
})
