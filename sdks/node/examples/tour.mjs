// The tour of the project's README, with the SDK: takes a payment, refunds a part, pays out, and reads what happened.
// Run it in the project's root while `npm start` runs: node sdks/node/examples/tour.mjs
import { readFileSync } from 'node:fs'
import { InsufficientFundsError, Paylect } from 'paylect-sdk'

const { baseUrl, dialects } = JSON.parse(readFileSync('.paylect/sandbox.json', 'utf8'))
const paylect = new Paylect({ apiKey: dialects.paylect.apiKey, baseUrl })

const payment = await paylect.payments.create({ amount: 25000, currency: 'INR', method: 'upi' })
console.log('created ', payment.status, payment.checkout_url)

const paid = await paylect.sandbox.applyOutcome(payment.id, { outcome: 'succeeded' })
console.log('paid    ', paid.status, 'fee', paid.fee)

const refund = await paylect.refunds.create({ payment_id: payment.id, amount: 500 })
console.log('refund  ', refund.status, refund.amount)

const beneficiary = { name: 'Asha Rao', upi_id: 'asha@upi' }
try {
  await paylect.payouts.create({ amount: 900000000, currency: 'INR', beneficiary })
} catch (error) {
  if (!(error instanceof InsufficientFundsError)) throw error
  console.log('payout  ', error.code, '-', error.detail)
}

const why = await paylect.payments.explain(payment.id)
console.log('why     ', why.state.why)
console.log('fee     ', why.fee.sentence)

for await (const { number, type } of paylect.events.list()) console.log('event   ', number, type)
