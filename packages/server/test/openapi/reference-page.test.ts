import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DialectServices } from '../../src/dialects/dialect.ts'
import { createServer, type ServerOptions } from '../../src/http/server.ts'
import { openApiDocuments, publishedDialects } from '../docs/render-openapi.ts'
import { launchBrowser } from '../support/browser.ts'

const settledMs = 1_500
const ignore = () => {}

/** A server that only describes itself: whoever calls an endpoint of it is refused for want of an engine. */
function describingServer() {
  const services = {} as DialectServices
  const options = {
    log: { error: ignore, warn: ignore, info: ignore },
    metrics: { observeHttpRequest: ignore },
    services,
    surfaces: publishedDialects.map((dialect) => dialect.surface(services)),
    rateLimits: () => ({ consume: neverCounted }),
    readiness: async () => ({}),
    now: () => 0,
  }
  return createServer(options as unknown as ServerOptions<DialectServices>)
}

async function neverCounted(): Promise<never> {
  throw new Error('a page that is open to everybody was counted')
}

describe('the reference page', () => {
  const server = describingServer()
  let browser: Browser
  let origin: string

  beforeAll(async () => {
    await server.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await server.close()
  })

  test.each(['/v1/docs', '/v1/docs/', '/monetiflow/docs'])(
    '%s shows the contract and asks nobody else',
    async (path) => {
      const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } })
      const asked: string[] = []
      const complaints: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(error.message))
      await page.goto(origin + path)
      await page.getByText('Money that a payer owes you.').first().waitFor({ timeout: 20_000 })
      // What the program would ask for after it has drawn the page has had its chance by then.
      await page.waitForTimeout(settledMs)
      const fromElsewhere = asked.filter((url) => !url.startsWith(origin) && !/^(data|blob):/.test(url))
      expect(fromElsewhere).toEqual([])
      expect(complaints).toEqual([])
      expect(asked).toContain(`${origin}/${path.split('/')[1]}/openapi.json`)
      await page.close()
    },
  )
})

describe('the contract document', () => {
  const server = describingServer()
  afterAll(() => server.close())

  test.each(['/v1', '/monetiflow'])(
    '%s/openapi.json is open to everybody and names the address it was asked at',
    async (mount) => {
      const answer = await server.inject({ url: `${mount}/openapi.json`, headers: { host: 'pay.example.com' } })
      expect(answer.statusCode).toBe(200)
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
      const { servers, ...told } = answer.json()
      expect(servers).toEqual([{ url: `http://pay.example.com${mount}` }])
      const name = mount === '/v1' ? 'paylect' : 'monetiflow'
      const { servers: _, ...written } = openApiDocuments()[name] ?? { servers: [] }
      expect(told).toEqual(written)
    },
  )

  test('names the root of a documented host name, where the paths have no prefix', async () => {
    const answer = await server.inject({ url: '/openapi.json', headers: { host: 'api.monetiflow.co' } })
    expect(answer.json().servers).toEqual([{ url: 'http://api.monetiflow.co' }])
  })

  test('is not sent again to who has it, and is for another address', async () => {
    const headers = { host: 'pay.example.com' }
    const { headers: first } = await server.inject({ url: '/v1/openapi.json', headers })
    expect(first['cache-control']).toBe('no-cache')
    const ask = (host: string) =>
      server.inject({ url: '/v1/openapi.json', headers: { host, 'if-none-match': `"other", ${first.etag}` } })
    const again = await ask('pay.example.com')
    expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', first.etag])
    expect((await ask('other.example.com')).statusCode).toBe(200)
  })

  test('refuses a Host that is no host name, in the form of the surface', async () => {
    const answer = await server.inject({ url: '/v1/openapi.json', headers: { host: 'a b' } })
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'malformed_request'])
  })

  test('the page may run only what we serve', async () => {
    const page = await server.inject({ url: '/v1/docs' })
    expect(page.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self';")
    expect(page.body).not.toMatch(/https?:/)
    const plain = await server.inject({ url: '/v1/docs/reference.js' })
    const zipped = await server.inject({ url: '/v1/docs/reference.js', headers: { 'accept-encoding': 'gzip' } })
    expect(zipped.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(zipped.rawPayload).equals(plain.rawPayload)).toBe(true)
    expect(zipped.headers.etag).not.toBe(plain.headers.etag)
  })
})
