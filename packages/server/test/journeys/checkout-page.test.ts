import { createServer as createHttpServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { registerCheckout } from '../../src/checkout/checkout-routes.ts'
import { checkoutPath, createCheckoutTokens } from '../../src/checkout/checkout-token.ts'
import type { CreatePayment, Payment } from '../../src/engine/index.ts'
import { createServer } from '../../src/http/server.ts'
import { createIdSource } from '../../src/kernel/ids.ts'
import { money } from '../../src/kernel/money.ts'
import type { Scope } from '../../src/kernel/scope.ts'
import { silentLog } from '../../src/platform/log.ts'
import { launchBrowser } from '../support/browser.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { createTestEngine, provisionTestMerchant, type TestEngine } from '../support/engine.ts'

const tokens = createCheckoutTokens('the checkout key of this journey!')

let database: TestDatabase
let built: TestEngine
let app: FastifyInstance
let baseUrl: string
let scope: Scope
let shop: Server
let shopUrl: string
let browser: Browser
let context: BrowserContext
let page: Page
/** What the browser complained about: a refused style, script or form is a fault of the page. */
let complaints: string[]

beforeAll(async () => {
  database = await createTestDatabase()
  built = await createTestEngine(database)
  app = createServer({
    log: silentLog,
    metrics: { observeHttpRequest: () => {} },
    services: undefined,
    surfaces: [],
    rateLimits: () => ({ consume: () => Promise.reject(new Error('no surface is served here')) }),
    readiness: async () => ({}),
    now: () => built.clocks.live.now(),
    reservedPaths: [checkoutPath],
  })
  registerCheckout(app, { engine: built.engine, tokens, log: silentLog })
  baseUrl = await app.listen({ host: '127.0.0.1', port: 0 })
  const merchantId = createIdSource().newId('mer', built.clocks.sandbox.now())
  scope = await provisionTestMerchant(built, { merchantId, mode: 'sandbox' }, { name: 'Blue Door Books' })

  shop = createHttpServer((request, response) => {
    const moved = request.url === '/moved' ? { location: shopUrl.replace('127.0.0.1', 'localhost') } : undefined
    response.writeHead(moved ? 302 : 200, { 'content-type': 'text/html', ...moved })
    response.end(`<title>Shop</title><p id="arrived">${request.url}</p>`)
  })
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve))
  shopUrl = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser?.close()
  if (shop) await new Promise((resolve) => shop.close(resolve))
  await app?.close()
  await built?.close()
  await database?.drop()
})

beforeEach(async () => {
  // Without scripts the page must do all it does with them, so every test runs without.
  context = await browser.newContext({ javaScriptEnabled: false, locale: 'en-IN' })
  page = await context.newPage()
  complaints = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`))
})

afterEach(async () => {
  await context.close()
  expect(complaints).toEqual([])
})

async function openPayment(given: Partial<CreatePayment> = {}): Promise<Payment> {
  const { result } = await built.engine.payments.create({
    scope,
    dialect: 'paylect',
    amount: money(25_000n, 'INR'),
    method: 'upi',
    reference: 'ORD-1001',
    description: 'Two novels',
    successUrl: `${shopUrl}/thanks?order=1001`,
    failureUrl: `${shopUrl}/sorry?order=1001`,
    metadata: {},
    expiresAfterMs: 1_800_000,
    attemptsMax: 1,
    ...given,
  })
  await page.goto(tokens.checkoutUrl(baseUrl, scope, result.id))
  return result
}

const press = (name: string) => page.getByRole('button', { name }).click()
const heading = (name: string) => page.getByRole('heading', { level: 1, name })
const statusOf = async ({ id }: Payment) => (await built.engine.payments.find(scope, { id }))?.status

describe('a payer with a browser and no scripts', () => {
  test('sees whom and how much, pays, and arrives at the merchant’s page', async () => {
    const payment = await openPayment()
    expect(await page.title()).toBe('Pay ₹250.00 to Blue Door Books')
    for (const text of ['Blue Door Books', 'Two novels', 'UPI', 'ORD-1001', 'no real money moves']) {
      expect(await page.getByText(text).first().isVisible(), text).toBe(true)
    }
    expect(await heading('Amount to pay: ₹250.00').isVisible()).toBe(true)

    await press('Pay ₹250.00')
    await page.waitForURL(`${shopUrl}/thanks?order=1001`)
    expect(await page.textContent('#arrived')).toBe('/thanks?order=1001')
    expect(await statusOf(payment)).toBe('succeeded')

    await page.goto(tokens.checkoutUrl(baseUrl, scope, payment.id))
    expect(await heading('Payment complete').isVisible()).toBe(true)
    await page.getByRole('link', { name: 'Return to merchant' }).click()
    await page.waitForURL(`${shopUrl}/thanks?order=1001`)
  })

  test('arrives also where the merchant’s page sends browsers on to another origin', async () => {
    await openPayment({ successUrl: `${shopUrl}/moved` })
    await press('Pay ₹250.00')
    await page.waitForURL(/^http:\/\/localhost:/)
    expect(await page.textContent('#arrived')).toBe('/')
  })

  test('pays with the keyboard alone, and sees where the focus is', async () => {
    const payment = await openPayment()
    await page.keyboard.press('Tab')
    const button = page.getByRole('button', { name: 'Pay ₹250.00' })
    expect(await page.locator(':focus').textContent()).toBe('Pay ₹250.00')
    expect(await button.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid')
    await button.press('Enter')
    await page.waitForURL(/thanks/)
    expect(await statusOf(payment)).toBe('succeeded')
  })

  test('declines and arrives at the merchant’s failure page', async () => {
    const payment = await openPayment()
    await press('Decline this payment')
    await page.waitForURL(`${shopUrl}/sorry?order=1001`)
    expect(await statusOf(payment)).toBe('failed')
  })

  test('declines where the merchant has no such page, and reads why', async () => {
    await openPayment({ failureUrl: undefined })
    await press('Decline this payment')
    expect(await heading('Payment declined').isVisible()).toBe(true)
    expect(await page.getByText('No money was taken.').isVisible()).toBe(true)
  })

  test('lets it expire and finds nothing left to press', async () => {
    const payment = await openPayment()
    await press('Let it expire')
    expect(await heading('Payment expired').isVisible()).toBe(true)
    expect(await page.getByRole('button').count()).toBe(0)
    expect(await statusOf(payment)).toBe('expired')
  })

  test('waits for a slow bank, and the page finds out by itself', async () => {
    const payment = await openPayment({ metadata: { simulate: 'pending' } })
    await press('Pay ₹250.00')
    expect(await heading('We are waiting for your bank').isVisible()).toBe(true)
    const attemptId = (await built.engine.payments.find(scope, { id: payment.id }))?.attemptId ?? ''
    built.clocks.sandbox.advance(30_000)
    await built.engine.attempts.poll(scope, attemptId)
    await heading('Payment complete').waitFor({ timeout: 15_000 })
  })

  test('goes back after paying, presses again, and is not charged again', async () => {
    const payment = await openPayment()
    await press('Pay ₹250.00')
    await page.waitForURL(/thanks/)
    await page.goBack()
    const again = page.getByRole('button', { name: 'Pay ₹250.00' })
    // The page is never stored, so going back asks us, and shows the receipt.
    expect(await again.count()).toBe(0)
    expect(await heading('Payment complete').isVisible()).toBe(true)
    const paid = await built.engine.payments.find(scope, { id: payment.id })
    expect(paid?.attemptsMade).toBe(1)
  })

  test('on a small telephone needs no sideways scrolling, and can hit every button', async () => {
    await page.setViewportSize({ width: 320, height: 640 })
    await openPayment({
      reference: 'R'.repeat(80),
      description: 'word '.repeat(60),
      amount: money(9_000_000_000_000_000n, 'INR'),
    })
    const width = await page.locator('html').evaluate((root) => root.scrollWidth)
    expect(width).toBe(320)
    for (const button of await page.getByRole('button').all()) {
      const box = await button.boundingBox()
      expect(box?.height ?? 0).toBeGreaterThanOrEqual(44)
      expect((box?.x ?? 0) + (box?.width ?? 999)).toBeLessThanOrEqual(320)
    }
  })

  test('with a broken link reads what to do', async () => {
    await page.goto(`${baseUrl}${checkoutPath}/${'0'.repeat(79)}`)
    complaints = complaints.filter((text) => !text.includes('404'))
    expect(await heading('This payment link is not valid').isVisible()).toBe(true)
  })
})
