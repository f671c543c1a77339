import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { selfSigned } from '../../test/support/self-signed-certificate.ts'
import { createHttpClient, type HttpClient, type HttpClientOptions, OutboundError } from './http-client.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function clientOf(options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = createHttpClient({
    allowLoopback: true,
    allowCidrs: [],
    connectTimeoutMs: 2_000,
    bodyLimitBytes: 10_000,
    perHostConnections: 4,
    ...options,
  })
  cleanups.push(() => client.close())
  return client
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as AddressInfo).port
}

/** A receiver on loopback that counts its connections and requests. */
async function receiver(handle: RequestListener) {
  const seen = { connections: 0, requests: [] as IncomingMessage[], url: '' }
  const server = createServer((request, response) => {
    seen.requests.push(request)
    handle(request, response)
  })
  server.on('connection', () => {
    seen.connections += 1
  })
  const port = await listening(server)
  cleanups.push(async () => server.closeAllConnections())
  seen.url = `http://127.0.0.1:${port}`
  return Object.assign(seen, { port })
}

function post(client: HttpClient, url: string, timeoutMs = 5_000) {
  return client.post({ url, headers: { 'content-type': 'application/json' }, body: '{"a":1}', timeoutMs })
}

async function failureOf(promise: Promise<unknown>): Promise<OutboundError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof OutboundError) return error
  throw new Error(`expected an OutboundError, got ${String(error)}`)
}

const ok = (_request: IncomingMessage, response: ServerResponse) => void response.end('ok')

describe('an exchange', () => {
  test('carries the exact bytes there and the reply back', async () => {
    const bodies: string[] = []
    const target = await receiver(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      bodies.push(Buffer.concat(chunks).toString('utf8'))
      response.writeHead(202, { 'Retry-After': '7', 'X-Many': ['a', 'b'] }).end('grüße\0')
    })
    const client = clientOf()
    const body = Buffer.from('{"name":"José"}')
    const headers = { 'Content-Type': 'application/json', 'webhook-id': 'msg_1' }
    const reply = await client.post({ url: `${target.url}/hook?x=1#part`, headers, body, timeoutMs: 5_000 })
    expect(reply).toMatchObject({
      status: 202,
      headers: { 'retry-after': '7', 'x-many': 'a, b' },
      bodyExcerpt: 'grüße\ufffd',
    })
    expect(bodies).toEqual(['{"name":"José"}'])
    expect(target.requests[0]).toMatchObject({ method: 'POST', url: '/hook?x=1' })
    expect(target.requests[0]?.headers).toMatchObject({
      host: `127.0.0.1:${target.port}`,
      'webhook-id': 'msg_1',
      'content-length': String(body.length),
      'accept-encoding': 'identity',
    })
  })

  test('uses a connection again, and opens no more than allowed', async () => {
    const target = await receiver(ok)
    const client = clientOf({ perHostConnections: 2 })
    for (let index = 0; index < 5; index++) await post(client, target.url)
    expect(target.connections).toBeLessThanOrEqual(2)
    await Promise.all(Array.from({ length: 20 }, () => post(client, target.url)))
    expect(target.connections).toBe(2)
    expect(target.requests).toHaveLength(25)
  })

  test('does not follow a redirect', async () => {
    const target = await receiver(
      (_request, response) => void response.writeHead(302, { location: '/elsewhere' }).end(),
    )
    expect(await post(clientOf(), target.url)).toMatchObject({ status: 302, headers: { location: '/elsewhere' } })
    expect(target.requests).toHaveLength(1)
  })

  test('does not decompress', async () => {
    const bomb = gzipSync(Buffer.alloc(1_000_000))
    const target = await receiver(
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    )
    const reply = await post(clientOf(), target.url)
    expect(reply.bodyExcerpt.length).toBeLessThanOrEqual(bomb.length)
    expect(reply.bodyExcerpt.startsWith('\u001f')).toBe(true)
  })

  test('keeps an excerpt of the size asked for', async () => {
    const target = await receiver((_request, response) => void response.end('x'.repeat(9_000)))
    expect((await post(clientOf({ excerptLimitBytes: 100 }), target.url)).bodyExcerpt).toBe('x'.repeat(100))
    expect((await post(clientOf(), target.url)).bodyExcerpt).toHaveLength(9_000)
  })

  test('refuses headers that would choose another host or framing', async () => {
    const client = clientOf()
    for (const name of ['Host', 'content-length', 'Transfer-Encoding', 'connection']) {
      const request = { url: 'http://127.0.0.1:9/', headers: { [name]: 'x' }, body: '', timeoutMs: 100 }
      await expect(client.post(request)).rejects.toThrow(TypeError)
    }
    const illegal = { url: 'http://127.0.0.1:9/', headers: { 'x-a': 'b\r\nx-c: d' }, body: '', timeoutMs: 100 }
    await expect(client.post(illegal)).rejects.toThrow(TypeError)
  })
})

describe('bounds', () => {
  test('a reply above the limit is refused with its status, announced or not', async () => {
    const target = await receiver((request, response) => {
      if (request.url === '/announced') response.setHeader('content-length', 10_001)
      response.end('x'.repeat(10_001))
    })
    for (const path of ['/announced', '/chunked']) {
      expect(await failureOf(post(clientOf(), target.url + path))).toMatchObject({ reason: 'too_large', status: 200 })
    }
  })

  test('an endless reply is cut off at the limit', async () => {
    let written = 0
    const target = await receiver((_request, response) => {
      const write = () => {
        if (response.destroyed) return
        written += 1_000
        response.write('x'.repeat(1_000), () => setImmediate(write))
      }
      write()
    })
    expect((await failureOf(post(clientOf(), target.url))).reason).toBe('too_large')
    expect(written).toBeLessThan(5_000_000)
  })

  test('a head above the limit is refused', async () => {
    const target = await receiver(
      (_request, response) => void response.writeHead(200, { 'x-big': 'x'.repeat(20_000) }).end(),
    )
    expect((await failureOf(post(clientOf(), target.url))).reason).toBe('too_large')
  })

  test('a server that never answers, or drips, is given up on in time', async () => {
    const target = await receiver((request, response) => {
      if (request.url === '/silent') return
      response.writeHead(200)
      const drip = setInterval(() => (response.destroyed ? clearInterval(drip) : response.write('.')), 20)
    })
    for (const [path, status] of [
      ['/silent', null],
      ['/drip', 200],
    ] as const) {
      const started = performance.now()
      expect(await failureOf(post(clientOf(), target.url + path, 200))).toMatchObject({ reason: 'timeout', status })
      expect(performance.now() - started).toBeLessThan(1_500)
    }
  })

  test('a name server that never answers is given up on in time', async () => {
    const lookup = () => new Promise<never>(() => undefined)
    const started = performance.now()
    expect((await failureOf(post(clientOf({ lookup }), 'http://slow.example/', 100))).reason).toBe('timeout')
    const impatient = clientOf({ lookup, connectTimeoutMs: 100 })
    expect((await failureOf(post(impatient, 'http://slow.example/'))).reason).toBe('timeout')
    expect(performance.now() - started).toBeLessThan(1_000)
  })

  test('a request given up on while it waited is never sent', async () => {
    const held: ServerResponse[] = []
    const target = await receiver((_request, response) => void held.push(response))
    const client = clientOf({ perHostConnections: 1 })
    const first = post(client, target.url)
    expect((await failureOf(post(client, target.url, 50))).reason).toBe('timeout')
    for (const response of held) response.end('first')
    expect((await first).bodyExcerpt).toBe('first')
    await sleep(50)
    expect(target.requests).toHaveLength(1)
  })

  test('a slow host delays no other host', async () => {
    const [slow, quick] = [await receiver(() => undefined), await receiver(ok)]
    const client = clientOf({ perHostConnections: 1 })
    const stuck = Promise.all(Array.from({ length: 10 }, () => failureOf(post(client, slow.url, 1_000))))
    expect((await post(client, quick.url, 900)).status).toBe(200)
    expect((await stuck).every((error) => error.reason === 'timeout')).toBe(true)
  })

  test('one host cannot queue without end', async () => {
    const target = await receiver(() => undefined)
    const client = clientOf({ perHostRequestsMax: 2 })
    const waiting = [post(client, target.url, 300), post(client, target.url, 300)].map(failureOf)
    expect((await failureOf(post(client, target.url))).message).toMatch(/too many requests/)
    expect((await Promise.all(waiting)).map((error) => error.reason)).toEqual(['timeout', 'timeout'])
  })

  test('a new host takes the place of the idle one, never of one in use', async () => {
    const held: ServerResponse[] = []
    const busy = await receiver((_request, response) => void held.push(response))
    const [first, second] = [await receiver(ok), await receiver(ok)]
    const client = clientOf({ originsMax: 2 })
    const pending = post(client, busy.url)
    await post(client, first.url)
    await post(client, second.url)
    await post(client, first.url)
    expect(first.connections).toBe(2)
    for (const response of held) response.end()
    expect((await pending).status).toBe(200)
  })

  test('when every host is in use, one more fails at once', async () => {
    const busy = await receiver(() => undefined)
    const client = clientOf({ originsMax: 1 })
    const pending = failureOf(post(client, busy.url, 300))
    expect((await failureOf(post(client, 'http://127.0.0.2:9/'))).message).toMatch(/too many hosts/)
    expect((await pending).reason).toBe('timeout')
  })

  test("an idle host's connections are closed", async () => {
    const target = await receiver(ok)
    const client = clientOf({ idleOriginTimeoutMs: 30 })
    await post(client, target.url)
    await sleep(150)
    await post(client, target.url)
    expect(target.connections).toBe(2)
  })
})

describe('addresses', () => {
  const answers =
    (...addresses: string[]) =>
    async () =>
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))

  test.each([
    [['127.0.0.1']],
    [['10.0.0.1']],
    [['169.254.169.254']],
    [['::1']],
    [['::ffff:127.0.0.1']],
    [['64:ff9b::7f00:1']],
    [['fd00::1']],
    [['0.0.0.0']],
    [['93.184.216.34', '127.0.0.1']],
    [['2606:2800:220:1::1', 'fe80::1']],
    [['not an address']],
  ])('a name that resolves to %j is never dialled', async (addresses) => {
    let dialled = 0
    const dial = () => {
      dialled += 1
      throw new Error('dialled')
    }
    const client = clientOf({ allowLoopback: false, lookup: answers(...addresses), dial })
    const error = await failureOf(post(client, 'https://shop.example/hook'))
    expect(error.reason).toBe('blocked_address')
    expect(error.message).not.toContain(addresses[0])
    expect(dialled).toBe(0)
  })

  test('a literal address is refused without a lookup or a connection', async () => {
    const target = await receiver(ok)
    expect((await failureOf(post(clientOf({ allowLoopback: false }), target.url))).reason).toBe('blocked_address')
    expect(target.connections).toBe(0)
  })

  test('the address that was checked is the one that is dialled, however often the name changes', async () => {
    const target = await receiver(ok)
    let lookups = 0
    const lookup = async () => {
      lookups += 1
      return [{ address: lookups === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]
    }
    const reply = await post(clientOf({ lookup }), `http://shop.example:${target.port}/`)
    expect(reply.status).toBe(200)
    expect(lookups).toBe(1)
    expect(target.requests[0]?.headers.host).toBe(`shop.example:${target.port}`)
  })

  test('a connection that ended elsewhere than was checked is dropped before a byte is written', async () => {
    let received = 0
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (bytes) => {
        received += bytes.length
      })
    })
    const port = await listening(server)
    for (const scheme of ['http', 'https']) {
      const dial = () => connect(port, '127.0.0.1')
      const client = clientOf({ allowLoopback: false, lookup: answers('93.184.216.34'), dial })
      expect((await failureOf(post(client, `${scheme}://shop.example/`))).reason).toBe('blocked_address')
    }
    await sleep(50)
    expect(received).toBe(0)
  })

  test('a network that the operator opened is reached', async () => {
    const target = await receiver(ok)
    const client = clientOf({ allowLoopback: false, allowCidrs: ['127.0.0.0/8'] })
    expect((await post(client, target.url)).status).toBe(200)
  })
})

describe('failures', () => {
  test('no name, no listener and a broken connection are told as connection', async () => {
    const unknown = async () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }))
    expect(await failureOf(post(clientOf({ lookup: unknown }), 'http://no.example/'))).toMatchObject({
      reason: 'connection',
      message: 'the host name could not be resolved',
      status: null,
    })
    const target = await receiver((request) => request.socket.destroy())
    expect((await failureOf(post(clientOf(), target.url))).reason).toBe('connection')
    const server = createTcpServer()
    const port = await listening(server)
    await new Promise((resolve) => server.close(resolve))
    expect((await failureOf(post(clientOf(), `http://127.0.0.1:${port}/`))).reason).toBe('connection')
  })

  test('a reply that breaks off is told with its status', async () => {
    const target = await receiver((_request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('half')
      setTimeout(() => response.destroy(), 20)
    })
    expect(await failureOf(post(clientOf(), target.url))).toMatchObject({ reason: 'connection', status: 200 })
  })

  test('what is no HTTP is told as connection', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined)
      socket.resume()
      socket.end('SSH-2.0-OpenSSH_9.2\r\n')
    })
    const port = await listening(server)
    expect((await failureOf(post(clientOf(), `http://127.0.0.1:${port}/`))).reason).toBe('connection')
  })

  test('a server without TLS, or with a certificate that nobody vouches for, is told as tls', async () => {
    const plain = await receiver(ok)
    expect((await failureOf(post(clientOf(), `https://127.0.0.1:${plain.port}/`))).reason).toBe('tls')

    let requests = 0
    const server = createSecureServer(selfSigned(), () => {
      requests += 1
    })
    const port = await listening(server)
    const error = await failureOf(post(clientOf(), `https://localhost:${port}/`))
    expect(error).toMatchObject({ reason: 'tls', message: 'no secure connection (DEPTH_ZERO_SELF_SIGNED_CERT)' })
    expect(requests).toBe(0)
  })

  test('after a failure the next request to the same host goes through', async () => {
    let calls = 0
    const target = await receiver((request, response) => {
      calls += 1
      if (calls === 1) request.socket.destroy()
      else response.end('ok')
    })
    const client = clientOf()
    await failureOf(post(client, target.url))
    expect((await post(client, target.url)).status).toBe(200)
  })

  test('a closed client lets what is in flight end and takes nothing new', async () => {
    const target = await receiver((_request, response) => void setTimeout(() => response.end('late'), 100))
    const client = clientOf()
    const pending = post(client, target.url)
    await sleep(20)
    const closing = client.close()
    expect((await failureOf(post(client, target.url))).message).toBe('the client is closed')
    expect((await pending).bodyExcerpt).toBe('late')
    await closing
  })
})
