import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generatedFiles } from '../scripts/generate.ts'
import { version } from '../src/version.ts'
import { type InstalledPackage, installPackage } from './installed-package.ts'

let installed: InstalledPackage
beforeAll(() => {
  installed = installPackage()
})
afterAll(() => installed?.remove())

const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as Readonly<
  Record<string, unknown>
>

describe('the built package', () => {
  const use = `
const paylect = new Paylect({ apiKey: 'sk_test_1', baseUrl: 'http://127.0.0.1:1/v1/', retriesMax: 0 })
paylect.payments.get('pay_1').catch((error) => {
  console.log(error instanceof ConnectionError, error instanceof Error, error.name, typeof verifyWebhook)
})
`
  test.each([
    ['import', 'use.mjs', `import { ConnectionError, Paylect, verifyWebhook } from 'paylect-sdk'`],
    ['require', 'use.cjs', `const { ConnectionError, Paylect, verifyWebhook } = require('paylect-sdk')`],
  ])('works with %s', (_, name, head) => {
    installed.write(name, head + use)
    expect(installed.run(name)).toBe('true true ConnectionError function\n')
  })

  test('gives its types to both, and they refuse what the gateway would refuse', () => {
    const consumer = `
import { Paylect, type Payment, type PaylectEvent } from 'paylect-sdk'
const paylect = new Paylect({ apiKey: 'sk_test_1', baseUrl: 'https://pay.example.com' })
export async function run(event: PaylectEvent): Promise<number> {
  const payment: Payment = await paylect.payments.create({ amount: 1, currency: 'INR', method: 'upi' }, { idempotencyKey: 'k' })
  for await (const { id } of paylect.payments.list({ status: 'succeeded' })) id.slice()
  // @ts-expect-error: there is no such method
  await paylect.payments.create({ amount: 1, currency: 'INR', method: 'pigeon' })
  // @ts-expect-error: there is no such field
  await paylect.payments.create({ amount: 1, currency: 'INR', method: 'upi', colour: 'red' })
  // @ts-expect-error: a read takes no idempotency key
  paylect.payments.list({}, { idempotencyKey: 'k' })
  if (event.type === 'refund.succeeded') return event.data.fee_returned
  // @ts-expect-error: not every event is about a refund
  event.data.fee_returned
  return payment.amount
}
`
    installed.write('consumer.mts', consumer)
    installed.write('consumer.cts', consumer)
    expect(installed.typeErrors('consumer.mts', 'consumer.cts')).toBe('')
    installed.write('wrong.mts', consumer.replace("method: 'upi' }, {", "method: 'owl' }, {"))
    expect(installed.typeErrors('wrong.mts')).toContain('wrong.mts')
  })

  test('needs no other package and runs nothing when it is installed', () => {
    for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies'])
      expect(manifest[kind]).toBe(undefined)
    const scripts = Object.keys(manifest['scripts'] ?? {})
    expect(scripts.filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([])
    expect(manifest['version']).toBe(version)
  })
})

describe('the generated code', () => {
  const files = Object.entries(generatedFiles())

  test.each(files)('%s is what the contract says; `npm run sdk` writes it anew', (path, text) => {
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  test('is the same when it is written twice', () => {
    expect(Object.entries(generatedFiles())).toEqual(files)
  })
})
