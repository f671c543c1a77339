import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient, type GatewayClient } from '../support/gateway-client.ts'
import { type GatewayProcess, makeDataDirectory, startGatewayProcess } from '../support/gateway-process.ts'

// What comes over a socket that no HTTP library would send, to a gateway in a process of its own with its usual bounds.

let directory: Awaited<ReturnType<typeof makeDataDirectory>>
let gateway: GatewayProcess
let client: GatewayClient

beforeAll(async () => {
  directory = await makeDataDirectory()
  gateway = await startGatewayProcess({ dataDirectory: directory.path })
  client = createClient(() => gateway.sandbox)
})

afterAll(async () => {
  await gateway?.stop()
  await directory?.remove()
})

/** The bound for headers is ten seconds, for a whole request thirty; both are looked at once a second. */
const headersEndBeforeMs = 13_000
const requestEndsBeforeMs = 33_000
const slowCallers = 200
const ordinaryCallMaxMs = 1_000
const oversizedRefusedBeforeMs = 5_000
const memoryGrowthMaxBytes = 200 * 1024 * 1024

const payment = { amount: 25_000, currency: 'INR', payment_method: 'upi' }

/** Opens a connection, writes `text` to it and collects what comes back until it ends. */
async function open(text: string | Buffer): Promise<{ socket: Socket; ended: Promise<string> }> {
  const { hostname, port } = new URL(gateway.sandbox.baseUrl)
  const socket = connect({ host: hostname, port: Number(port) })
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {})
  const ended = new Promise<string>((resolve) => {
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
  })
  await once(socket, 'connect')
  socket.write(text)
  return { socket, ended }
}

const head = (line: string, ...headers: readonly string[]) =>
  [`${line} HTTP/1.1`, 'Host: 127.0.0.1', `Authorization: Bearer ${key()}`, ...headers, '', ''].join('\r\n')
const key = () => gateway.sandbox.dialects['paylect']?.apiKey ?? ''

/** Sends what makes the server end the connection, and answers with everything that came until then. */
async function exchange(text: string | Buffer): Promise<string> {
  const { ended } = await open(text)
  return ended
}

const statusesIn = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))

async function residentBytes(): Promise<number> {
  const text = await readFile(`/proc/${gateway.child.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) * 1024
}

/** How many payments there are: what no refused request may change. */
async function paymentsMade(): Promise<number> {
  const { body } = await client.get('/v2/payments?limit=100')
  return (body['data'] as readonly unknown[]).length
}

test('hundreds of callers that drip headers or a body are cut off, and an ordinary one is served meanwhile', async () => {
  const drips: NodeJS.Timeout[] = []
  const drip = ({ socket }: { readonly socket: Socket }, bytes: string) =>
    drips.push(setInterval(() => socket.writable && socket.write(bytes), 900))
  const startedAt = performance.now()
  const ofHeaders = await Promise.all(
    Array.from({ length: slowCallers }, () => open('GET /v1/balance HTTP/1.1\r\nHost: a\r\nX-A: ')),
  )
  const ofBodies = await Promise.all(
    Array.from({ length: slowCallers }, () =>
      open(head('POST /v1/payments', 'Content-Type: application/json', 'Content-Length: 1000')),
    ),
  )
  for (const slow of ofHeaders) drip(slow, 'a')
  for (const slow of ofBodies) drip(slow, ' ')
  const calledAt = performance.now()
  expect((await client.post('/v2/payments/create', payment)).status).toBe(201)
  expect(performance.now() - calledAt).toBeLessThan(ordinaryCallMaxMs)
  for (const text of await Promise.all(ofHeaders.map(({ ended }) => ended))) expect(statusesIn(text)).toEqual([408])
  expect(performance.now() - startedAt).toBeLessThan(headersEndBeforeMs)
  expect((await client.post('/v2/payments/create', payment)).status).toBe(201)
  for (const text of await Promise.all(ofBodies.map(({ ended }) => ended))) expect(statusesIn(text)).toEqual([408])
  expect(performance.now() - startedAt).toBeLessThan(requestEndsBeforeMs)
  for (const timer of drips) clearInterval(timer)
}, 40_000)

describe('what is too much', () => {
  test('bodies that are huge, endless or unpack to gigabytes are refused before they are read, and take no memory', async () => {
    const before = await residentBytes()
    const made = await paymentsMade()
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, '{"a":'), { level: 9 })
    const json = 'Connection: close\r\nContent-Type: application/json'
    const gzip = `Content-Length: ${Math.min(bomb.length, 60_000)}`
    const tries = [
      Buffer.concat([
        Buffer.from(head('POST /v1/payments', json, 'Content-Encoding: gzip', gzip)),
        bomb.subarray(0, 60_000),
      ]),
      head('POST /v1/payments', json, 'Content-Length: 99999999999'),
      `${head('POST /v1/payments', json, 'Content-Length: 3000000')}${'a'.repeat(3_000_000)}`,
      `${head('POST /v1/payments', json, 'Transfer-Encoding: chunked')}${'fffff\r\n'}${'a'.repeat(0xfffff)}\r\n0\r\n\r\n`,
    ]
    for (const sent of tries) {
      const sentAt = performance.now()
      const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(sent)))
      for (const text of answers) expect([400, 413, 415]).toContain(statusesIn(text)[0])
      expect(performance.now() - sentAt).toBeLessThan(oversizedRefusedBeforeMs)
    }
    expect((await residentBytes()) - before).toBeLessThan(memoryGrowthMaxBytes)
    expect(await paymentsMade()).toBe(made)
  })

  test('floods of headers, one or thousands, are refused with 431 and nothing of them is dropped in silence', async () => {
    const one = head('GET /v1/balance', `X-A: ${'a'.repeat(100_000)}`)
    const many = head('GET /v1/balance', ...Array.from({ length: 20_000 }, (_, index) => `X-${index}: a`))
    const short = head('GET /v1/balance', ...Array.from({ length: 4_000 }, () => 'a:'))
    for (const text of [one, many, short]) expect(statusesIn(await exchange(text))).toEqual([431])
    const some = ['GET /v1/balance HTTP/1.1', ...Array.from({ length: 500 }, (_, index) => `X-${index}: a`)]
    const last = [...some, 'Host: 127.0.0.1', `Authorization: Bearer ${key()}`, 'Connection: close', '', ''].join(
      '\r\n',
    )
    expect(statusesIn(await exchange(last))).toEqual([200])
  })
})

describe('requests in one connection', () => {
  test('are answered one by one in their order, a refused one too', async () => {
    const line = (path: string) => head(`GET ${path}`)
    const last = head('GET /v1/balance', 'Connection: close')
    const text = await exchange(
      line('/v1/balance') + line('/v1/payments/none') + line('/v1/nothing') + line('/healthz') + last,
    )
    expect(statusesIn(text)).toEqual([200, 404, 404, 200, 200])
  })

  test('a hundred in a row are all answered', async () => {
    const text = await exchange(head('GET /healthz').repeat(99) + head('GET /healthz', 'Connection: close'))
    expect(statusesIn(text)).toEqual(Array.from({ length: 100 }, () => 200))
  })

  test('what hides a second request in the body of a first is refused, and the second is never answered', async () => {
    const hidden = head('GET /healthz')
    for (const framing of [
      ['Content-Length: 0', `Content-Length: ${hidden.length}`],
      ['Transfer-Encoding: chunked', 'Content-Length: 4'],
      ['Transfer-Encoding: xchunked', 'Content-Length: 4'],
      ['Transfer-Encoding : chunked'],
      ['Transfer-Encoding: chunked, identity'],
      ['Content-Length: +5'],
      ['Content-Length: 0x5'],
    ]) {
      const text = await exchange(head('POST /v1/payments', ...framing) + hidden)
      expect([framing, statusesIn(text)]).toEqual([framing, [400]])
    }
  })
})

test('no way of writing a path leads out of its API or past its credentials', async () => {
  const prefix = '/v1/payments'
  const paths = [
    ...['/../../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/..%2f..%2fetc%2fpasswd', '/%2e%2e%2fapi_keys'],
    ...['/..;/api_keys', '/%00', '/a%00b', '/%c0%ae%c0%ae/', '/%252e%252e/', '\\..\\api_keys', '/%5c..%5capi_keys'],
    ...['/\u00ff', '/%u002e%u002e', '/.', '/..', '?/../api_keys', '/;/api_keys', '/%2fapi_keys'],
  ]
  const anonymous = (path: string) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`
  for (const path of paths) {
    const text = await exchange(Buffer.from(anonymous(prefix + path), 'latin1'))
    expect([path, [400, 401, 404].includes(statusesIn(text)[0] ?? 0)]).toEqual([path, true])
    expect(text).not.toContain('root:')
    const known = await exchange(Buffer.from(head(`GET ${prefix}${path}`, 'Connection: close'), 'latin1'))
    expect(known).not.toContain('"object":"api_key"')
    expect([path, (statusesIn(known)[0] ?? 500) < 500]).toEqual([path, true])
  }
  for (const target of ['http://169.254.169.254/v1/balance', '//evil.example/v1/balance', '/V1/balance', '*', 'v1']) {
    expect([target, [400, 401, 404].includes(statusesIn(await exchange(anonymous(target)))[0] ?? 0)]).toEqual([
      target,
      true,
    ])
  }
  const bare = await exchange('GET / HTTP/1.0\r\n\r\n')
  expect(statusesIn(bare)[0]).toBeLessThan(500)
})

test('keys of the prototype are refused in JSON, forms and queries, and reach no object', async () => {
  const json = 'application/json'
  const form = 'application/x-www-form-urlencoded'
  const fields = 'amount=25000&currency=INR&payment_method=upi'
  const made = await paymentsMade()
  const bodies: readonly (readonly [string, string])[] = [
    [`{"__proto__":{"amount":1},"currency":"INR","payment_method":"upi"}`, json],
    [`{"amount":1,"currency":"INR","payment_method":"upi","metadata":{"__proto__":{"simulate":"over"}}}`, json],
    [`{"amount":1,"currency":"INR","payment_method":"upi","constructor":{"prototype":{"a":1}}}`, json],
    [String.raw`{"amount":1,"currency":"INR","payment_method":"upi","\u005f_proto__":{"a":1}}`, json],
    [`${fields}&__proto__[admin]=1`, form],
    [`${fields}&metadata[__proto__][admin]=1`, form],
    [`${fields}&metadata[constructor][prototype][admin]=1`, form],
    [`${fields}&metadata%5B__proto__%5D%5Badmin%5D=1`, form],
    [`${fields}&metadata.__proto__.admin=1`, form],
  ]
  for (const [body, type] of bodies) {
    expect([body, (await client.raw('/v2/payments/create', body, type)).status]).toEqual([body, 400])
  }
  for (const query of ['__proto__[limit]=1', 'constructor[prototype][limit]=1', 'a[__proto__]=1']) {
    expect([query, (await client.get(`/v2/payments?${query}`)).status]).toEqual([query, 400])
  }
  expect(await paymentsMade()).toBe(made)
})
