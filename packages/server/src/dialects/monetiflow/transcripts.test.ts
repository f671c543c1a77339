import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { type EngineEvent, eventFact } from '../../engine/index.ts'
import { monetiflow } from './index.ts'
import { inferred } from './inferred.ts'

interface Transcript {
  readonly title: string
  readonly request: {
    readonly method: 'GET' | 'POST'
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
    readonly text?: string
  }
  readonly response: {
    readonly status: number
    /** Patterns that fields must match. */
    readonly fields: Readonly<Record<string, string>>
    readonly contains: Readonly<Record<string, unknown>>
  }
}

interface WebhookTranscript {
  readonly branches: readonly { readonly event: string; readonly simulate: string; readonly reads: readonly string[] }[]
  readonly answer: { readonly status: number }
}

const folder = new URL('./transcripts/', import.meta.url)
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
const requests = readdirSync(folder)
  .filter((file) => file.endsWith('.json') && file !== 'webhook-handler.json')
  .map((file) => read(file) as Transcript)

let gateway: DialectGateway
beforeAll(async () => {
  gateway = await openDialectGateway([monetiflow])
})
afterAll(() => gateway.close())

/** The document's key is a placeholder: ours takes its place, everything else is sent as it stands. */
function replay({ request }: Transcript, address: 'mount' | 'host') {
  const authorization = `Bearer ${gateway.key(monetiflow, 'main')}`
  const { method, path, headers, text } = request
  return gateway.app.inject({
    method,
    url: address === 'mount' ? `/monetiflow${path}` : path,
    headers: { ...headers, authorization, ...(address === 'host' ? { host: 'api.monetiflow.co' } : {}) },
    ...(text === undefined ? {} : { payload: text }),
  })
}

describe('the document’s own samples', () => {
  test('are all there', () => {
    expect(requests.map(({ title }) => title)).toHaveLength(3)
  })

  for (const address of ['mount', 'host'] as const) {
    test.each(requests)(`work as they stand, by ${address}: $title`, async (transcript) => {
      const answer = await replay(transcript, address)
      expect(answer.statusCode, answer.body).toBe(transcript.response.status)
      const body = answer.json() as Record<string, unknown>
      expect(body).toMatchObject(transcript.response.contains)
      for (const [field, pattern] of Object.entries(transcript.response.fields)) {
        expect(body[field], field).toMatch(new RegExp(pattern))
      }
      for (const header of ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset']) {
        expect(answer.headers[header], header).toMatch(/^\d+$/)
      }
      expect(answer.headers['x-ratelimit-limit']).toBe('1000')
    })
  }

  test('as a form and as JSON make the same payment', async () => {
    const samples = requests.filter(({ request }) => request.method === 'POST')
    const [form, json] = await Promise.all(samples.map(async (sample) => (await replay(sample, 'mount')).json()))
    const same = (payment: Record<string, unknown>) => ({ ...payment, id: null, payment_url: null })
    expect(same(form)).toEqual(same(json))
  })
})

describe('the sample webhook handler', () => {
  const { branches, answer } = read('webhook-handler.json') as WebhookTranscript

  test.each(branches)('finds what it reads in $event', async ({ event, simulate, reads }) => {
    const { engine, scope, testEngine } = gateway
    const { result } = await engine.payments.create({
      scope,
      dialect: 'monetiflow',
      amount: { minor: 25_000n, currency: 'INR' },
      method: 'upi',
      metadata: {},
      expiresAfterMs: inferred.paymentExpiresAfterMs.choice,
      attemptsMax: inferred.attemptsMax.choice,
    })
    await engine.payments.pay(scope, result.id, { simulate })
    const refs = Array.from({ length: 100 }, (_, index) => eventFact(scope, BigInt(index + 1)))
    const recorded = (await testEngine.store.read(refs)) as (EngineEvent | undefined)[]
    const told = recorded.flatMap((found) => {
      const rendered =
        found?.objectId === result.id
          ? monetiflow.renderEvent(found, { payload: 'full', apiVersion: '2026-11-01', objectSequence: 1 })
          : undefined
      return rendered ? [JSON.parse(rendered.body) as Record<string, unknown>] : []
    })
    expect(told.map((payload) => payload['event'])).toEqual([event])
    for (const path of reads) {
      const value = path.split('.').reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], told[0])
      expect(value, path).toBeDefined()
    }
  })

  test('acknowledges with its answer', () => {
    expect(monetiflow.webhooks.acknowledges(answer.status)).toBe(true)
  })
})

describe('what we inferred', () => {
  test('is told in the dialect’s page, choice by choice', () => {
    const page = readFileSync(new URL('../../../../../docs/dialects/monetiflow.md', import.meta.url), 'utf8')
    for (const [name, { why }] of Object.entries(inferred)) expect(page, name).toContain(why)
  })
})
