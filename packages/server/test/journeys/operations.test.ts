import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { createClient, statusesOf } from '../support/gateway-client.ts'
import { makeDataDirectory, startGatewayProcess, startWorkerProcess } from '../support/gateway-process.ts'
import { selfSigned } from '../support/self-signed-certificate.ts'
import { startWebhookReceiver } from '../support/webhook-receiver.ts'

// What an operator does with real processes: roles, a stop behind a balancer, a certificate, a log.

let database: TestDatabase
let directories: Awaited<ReturnType<typeof makeDataDirectory>>[]
let environment: Record<string, string>
let running: { stop(): Promise<unknown> }[]

async function start(extra: Record<string, string> = {}, args = ['start']) {
  const directory = await makeDataDirectory()
  directories.push(directory)
  const options = { dataDirectory: directory.path, args, environment: { ...environment, ...extra } }
  const started = await startGatewayProcess(options)
  running.push(started)
  return started
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function startWorker(): Promise<void> {
  const directory = await makeDataDirectory()
  directories.push(directory)
  running.push(await startWorkerProcess({ dataDirectory: directory.path, environment, metricsPort: await freePort() }))
}

beforeEach(async () => {
  database = await createTestDatabase()
  directories = []
  running = []
  environment = { DATABASE_URL: database.url, PAYLECT_MASTER_KEY: randomBytes(32).toString('hex'), HOST: '127.0.0.1' }
})

afterEach(async () => {
  vi.unstubAllEnvs()
  for (const { stop } of running) await stop()
  for (const { remove } of directories) await remove()
  await database.drop()
})

test('one process serves and two work: every payment settles and every webhook is sent once', async () => {
  const receiver = await startWebhookReceiver()
  const api = await start({}, ['start', '--role', 'api'])
  await startWorker()
  await startWorker()
  const client = createClient(() => api.sandbox)
  const count = 30
  const pay = async () => {
    const body = { amount: 25_000, currency: 'INR', payment_method: 'upi', callback_url: receiver.url }
    const created = await client.post('/v2/payments/create', body)
    await client.house(`/v1/sandbox/payments/${created.body['id']}/outcome`, { outcome: 'succeeded' })
    return client.post('/v2/refunds/create', { payment_id: created.body['id'], amount: 500 })
  }
  expect(statusesOf(await Promise.all(Array.from({ length: count }, pay)))).toEqual({ 201: count })
  await expect.poll(() => receiver.received.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(count)
  expect((await client.house('/v1/sandbox/clock', { advance: 'PT1H' })).status).toBe(200)
  await expect
    .poll(() => receiver.received.filter(({ event }) => event === 'payment.success').length, { timeout: 10_000 })
    .toBe(count)
  const ids = receiver.received.map(({ headers }) => headers['webhook-id'])
  expect(new Set(ids).size).toBe(ids.length)
  await receiver.close()
})

test('a stopping process says 503 first, answers who waits for news, and ends cleanly', async () => {
  const gateway = await start({ PAYLECT_DRAIN_SECONDS: '2' })
  const { baseUrl, dialects } = gateway.sandbox
  const headers = { authorization: `Bearer ${dialects['paylect']?.apiKey}` }
  const { data } = (await (await fetch(`${baseUrl}/v1/events`, { headers })).json()) as { data: unknown[] }
  expect(data).toEqual([])
  const startedAt = performance.now()
  const poll = fetch(`${baseUrl}/v1/events?wait=30`, { headers })
  await sleep(200)
  const ended = gateway.stop()
  await expect.poll(async () => (await fetch(`${baseUrl}/readyz`)).status, { timeout: 1_500 }).toBe(503)
  expect((await poll).status).toBe(200)
  expect(await ended).toBe(0)
  expect(performance.now() - startedAt).toBeLessThan(15_000)
})

test('a second signal ends the process at once', async () => {
  const gateway = await start({ PAYLECT_DRAIN_SECONDS: '60' })
  const ended = gateway.stop()
  await sleep(300)
  gateway.child.kill('SIGTERM')
  expect(await ended).toBe(1)
})

test('a certificate is served, and a renewed one after SIGHUP', async () => {
  const directory = await makeDataDirectory()
  directories.push(directory)
  const [certificate, key] = [join(dirname(directory.path), 'tls.crt'), join(dirname(directory.path), 'tls.key')]
  const port = await freePort()
  const install = async () => {
    const made = selfSigned()
    await writeFile(certificate, made.cert)
    await writeFile(key, made.key)
    return made.cert.replaceAll('\n', '')
  }
  const served = () =>
    new Promise<string>((resolve, reject) => {
      const call = request({ host: '127.0.0.1', port, path: '/healthz', rejectUnauthorized: false, agent: false })
      call.once('error', reject).once('response', (response) => {
        const { raw } = (response.socket as TLSSocket).getPeerCertificate()
        response.resume()
        resolve(`-----BEGIN CERTIFICATE-----${raw.toString('base64')}-----END CERTIFICATE-----`)
      })
      call.end()
    })
  const first = await install()
  const tls = { PAYLECT_TLS_CERTIFICATE: certificate, PAYLECT_TLS_KEY: key, PORT: String(port) }
  // The certificate is its own authority, which only this test believes.
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
  const started = await startGatewayProcess({ dataDirectory: directory.path, environment: { ...environment, ...tls } })
  running.push(started)
  expect(started.output()).toContain(`https://127.0.0.1:${port}`)
  expect(await served()).toBe(first)
  const second = await install()
  started.child.kill('SIGHUP')
  await expect.poll(served, { timeout: 5_000 }).toBe(second)
})
