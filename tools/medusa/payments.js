/*
 * The payment module of Medusa at work, in a process of its own: collection, session, authorise, capture, through its own
 * API and its built-in system provider, by several callers at once. The module's tables are made in the given database.
 * Run by packages/server/bench/measure-peer.ts with one JSON argument { url, seconds, connections }; the last line that it
 * prints is { payments, perSecond, p50Ms, p99Ms }.
 */
import { MedusaApp, MedusaAppMigrateUp } from '@medusajs/framework/modules-sdk'

const { url, seconds, connections } = JSON.parse(process.argv[2] ?? '{}')
const amount = 250
const currency = 'inr'

async function openModule() {
  const database = { clientUrl: url, driverOptions: { pool: { max: connections } } }
  const options = {
    modulesConfig: { payment: { resolve: '@medusajs/payment', options: { database } } },
    sharedResourcesConfig: { database },
    servicesConfig: [],
  }
  await MedusaAppMigrateUp(options)
  const app = await MedusaApp(options)
  await app.onApplicationStart()
  return { payment: app.modules.payment, close: () => app.onApplicationShutdown() }
}

async function payOnce(payment) {
  const collection = await payment.createPaymentCollections({ currency_code: currency, amount })
  const session = await payment.createPaymentSession(collection.id, {
    provider_id: 'pp_system_default',
    currency_code: currency,
    amount,
    data: {},
  })
  const authorised = await payment.authorizePaymentSession(session.id, {})
  const captured = await payment.capturePayment({ payment_id: authorised.id, amount })
  if (!captured.captured_at) throw new Error(`payment ${authorised.id} was not captured`)
}

async function main() {
  const { payment, close } = await openModule()
  await payOnce(payment)
  const latencies = []
  const started = performance.now()
  const endAt = started + seconds * 1000
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < endAt) {
        const startedAt = performance.now()
        await payOnce(payment)
        latencies.push(performance.now() - startedAt)
      }
    }),
  )
  const elapsedSeconds = (performance.now() - started) / 1000
  await close()
  latencies.sort((a, b) => a - b)
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))]
  const [p50Ms, p99Ms] = [at(0.5), at(0.99)]
  const figures = { payments: latencies.length, perSecond: latencies.length / elapsedSeconds, p50Ms, p99Ms }
  process.stdout.write(`${JSON.stringify(figures)}\n`)
  process.exit(0)
}

await main()
