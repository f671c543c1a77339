import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { madeUpServer, madeUpSurface } from '../../test/support/made-up-surface.ts'
import type { ServerTimeouts } from './server.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function listening(timeouts: Partial<ServerTimeouts> = {}) {
  const server = madeUpServer(madeUpSurface(), { timeouts })
  await server.app.listen({ host: '127.0.0.1', port: 0 })
  closers.push(() => server.app.close())
  const address = server.app.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { ...server, port }
}

interface Connection {
  readonly socket: Socket
  /** Everything received so far. */
  received(): string
  /** Resolves once `pattern` was received; rejects when the connection ends first. */
  until(pattern: RegExp): Promise<string>
  readonly ended: Promise<string>
}

async function connection(port: number): Promise<Connection> {
  const socket = connect({ host: '127.0.0.1', port })
  let text = ''
  const looks: (() => void)[] = []
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    for (const look of looks) look()
  })
  socket.on('error', () => {})
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(text)))
  closers.push(async () => void socket.destroy())
  await once(socket, 'connect')
  const until = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => pattern.test(text) && resolve(text)
      looks.push(look)
      void ended.then(() =>
        pattern.test(text) ? resolve(text) : reject(new Error(`The connection ended after: ${text}`)),
      )
      look()
    })
  return { socket, received: () => text, until, ended }
}

const head = (line: string, ...headers: string[]) =>
  [`${line} HTTP/1.1`, 'Host: localhost', 'X-Key: writer-key', ...headers, '', ''].join('\r\n')

describe('a slow caller', () => {
  test('that never finishes its headers is cut off', async () => {
    const { port } = await listening({ headersTimeoutMs: 150, requestTimeoutMs: 300, connectionCheckMs: 50 })
    const { socket, ended } = await connection(port)
    socket.write('GET /shop/orders HTTP/1.1\r\nHost: localhost\r\nX-A: ')
    expect(await ended).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*"request_timeout"/)
  })

  test('that never finishes its body is cut off, and its handler never runs', async () => {
    const { port, shop, logged } = await listening({
      headersTimeoutMs: 150,
      requestTimeoutMs: 300,
      connectionCheckMs: 50,
    })
    const { socket, ended } = await connection(port)
    socket.write(head('POST /shop/orders', 'Content-Type: application/json', 'Content-Length: 100'))
    const drip = setInterval(() => socket.writable && socket.write(' '), 40)
    const text = await ended
    clearInterval(drip)
    expect(text).toMatch(/^HTTP\/1\.1 408 /)
    expect(shop.handled).toBe(0)
    expect(logged).toEqual([])
  })

  test('that hangs up in the middle of its body leaves nothing behind', async () => {
    const { port, shop, app, logged } = await listening()
    const { socket } = await connection(port)
    socket.write(head('POST /shop/orders', 'Content-Type: application/json', 'Content-Length: 100'))
    socket.write('{"amount"')
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(shop.handled).toBe(0)
    expect(logged).toEqual([])
    expect((await app.inject({ url: '/healthz' })).statusCode).toBe(200)
  })
})

describe('an oversized request', () => {
  test('with a body far above the limit is answered in the form of the surface', async () => {
    const { port } = await listening()
    const { socket, ended } = await connection(port)
    const size = 3_000_000
    socket.write(head('POST /shop/orders', 'Content-Type: application/json', `Content-Length: ${size}`))
    socket.write('a'.repeat(size))
    expect(await ended).toMatch(/^HTTP\/1\.1 400 [\s\S]*"body_too_large"/)
  })

  test('in chunks without end is cut off', async () => {
    const { port } = await listening()
    const { socket, ended } = await connection(port)
    socket.write(head('POST /shop/orders', 'Content-Type: application/json', 'Transfer-Encoding: chunked'))
    const chunk = `10000\r\n${'a'.repeat(65_536)}\r\n`
    const pump = setInterval(() => socket.writable && socket.write(chunk), 1)
    await ended
    clearInterval(pump)
    expect(socket.bytesWritten).toBeLessThan(100_000_000)
  })

  test('with too many headers or too long a URL is refused with 431', async () => {
    const { port } = await listening()
    for (const text of [
      head('GET /shop/orders', `X-Long: ${'a'.repeat(20_000)}`),
      head(`GET /shop/${'a'.repeat(20_000)}`),
    ]) {
      const { socket, ended } = await connection(port)
      socket.write(text)
      expect(await ended).toMatch(/^HTTP\/1\.1 431 /)
    }
  })
})

describe('a broken request', () => {
  test.each([
    ['words', 'HELLO\r\n\r\n'],
    ['a space in the path', 'GET /shop/or ders HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['two lengths', head('POST /shop/orders', 'Content-Length: 1', 'Content-Length: 2')],
    ['a length and chunks', head('POST /shop/orders', 'Content-Length: 5', 'Transfer-Encoding: chunked')],
    ['a length that is no number', head('POST /shop/orders', 'Content-Length: -1')],
    ['a header with a NUL', head('GET /shop/orders', 'X-A: a\0b')],
    ['no host', 'GET /shop/orders HTTP/1.1\r\n\r\n'],
    [
      'a broken chunk',
      `${head('POST /shop/orders', 'Content-Type: application/json', 'Transfer-Encoding: chunked')}zz\r\n`,
    ],
  ])('(%s) is answered with 400 and the connection ends', async (_, text) => {
    const { port } = await listening()
    const { socket, ended } = await connection(port)
    socket.write(text)
    expect(await ended).toMatch(/^HTTP\/1\.1 400 /)
  })

  test('(a path out of the surface) leads nowhere', async () => {
    const { port } = await listening()
    const { socket, until } = await connection(port)
    socket.write(head('GET /shop/../healthz'))
    expect(await until(/route_not_found/)).toMatch(/^HTTP\/1\.1 404 /)
  })

  test('(a raw bar in the path) is taken', async () => {
    const { port } = await listening()
    const { socket, until } = await connection(port)
    socket.write(head('GET /shop/orders/MNFY|20|1'))
    expect(await until(/order_not_found/)).toMatch(/^HTTP\/1\.1 404 /)
  })
})

describe('a connection', () => {
  test('is kept for further requests, also after a refusal', async () => {
    const { port } = await listening()
    const { socket, until, received } = await connection(port)
    socket.write(head('GET /shop/orders', 'Content-Length: 2', 'Content-Type: application/json'))
    socket.write('{}')
    await until(/"hasMore":false/)
    socket.write(head('POST /shop/orders', 'Content-Type: application/json', 'Content-Length: 1'))
    socket.write('{')
    await until(/malformed_body/)
    socket.write(head('GET /healthz'))
    await until(/"status":"ok"/)
    expect(received()).not.toMatch(/connection: close/i)
  })
})

describe('closing the server', () => {
  test('finishes the request in flight, says that the connection ends, and refuses new connections', async () => {
    const { port, app, shop } = await listening()
    const { promise, resolve } = Promise.withResolvers<void>()
    shop.hold = promise
    const { socket, ended } = await connection(port)
    const idle = await connection(port)
    socket.write(head('POST /shop/slow'))
    while (shop.handled === 0) await new Promise((next) => setTimeout(next, 5))
    const closed = app.close()
    await idle.ended
    await expect(connection(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    resolve()
    expect(await ended).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*connection: close[\s\S]*"done":true/i)
    await closed
  })

  test('cuts off what outlasts the drain', async () => {
    const { port, app, shop, logged } = await listening({ drainTimeoutMs: 100 })
    const { promise, resolve } = Promise.withResolvers<void>()
    shop.hold = promise
    const { socket, ended } = await connection(port)
    socket.write(head('POST /shop/slow'))
    while (shop.handled === 0) await new Promise((next) => setTimeout(next, 5))
    await app.close()
    expect(await ended).toBe('')
    expect(logged[0]?.message).toMatch(/cut off/)
    resolve()
  })
})
