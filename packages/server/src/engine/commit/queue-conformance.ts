import { expect, test } from 'vitest'
import { paymentKind } from '../payments/payment.ts'
import { payoutKind } from '../payouts/payout.ts'
import type { Job } from './changes.ts'
import { put, rowRef, type StoreUnderTest, write, writesOf } from './conformance-writes.ts'
import type { EventAddress } from './event.ts'
import { journalFact } from './ledger-kinds.ts'
import { samplePayment, samplePayout, sampleScope } from './sample-rows.ts'

/** What every store promises about jobs and the outbox: they stand or fall with their group. */
export function queueTests(under: () => StoreUnderTest): void {
  const store = () => under().store
  const takeJobs = () => under().takeJobs()
  const job = (n: number): Job => ({ name: 'submit_attempt', payload: { n, text: 'ünïcödé "quoted"' } })

  test('jobs appear with the commit, in order, and not before', async () => {
    const tx = await store().begin()
    await tx.load([journalFact(sampleScope)])
    expect(await takeJobs()).toEqual([])
    await tx.commit(writesOf({ ...put(paymentKind, samplePayment()), jobs: [job(1), job(2)] }))
    expect(await takeJobs()).toEqual([job(1), job(2)])
  })

  test('the events of a group appear in the outbox with its commit and not before, a group without events adds none', async () => {
    const events: EventAddress[] = [
      ['mer_a', 'sandbox', '1'],
      ['mer_"b\\', 'live', '9007199254740993'],
    ]
    const tx = await store().begin()
    await tx.load([journalFact(sampleScope)])
    expect(await under().takeOutbox()).toEqual([])
    await tx.commit(writesOf({ ...put(paymentKind, samplePayment()), outbox: events }))
    expect(await under().takeOutbox()).toEqual([events])
    await write(store(), { ...put(payoutKind, samplePayout()) })
    expect(await under().takeOutbox()).toEqual([])
  })

  test('a group that is refused leaves no row, no job and nothing in the outbox', async () => {
    const inserts = [
      [payoutKind, samplePayout()],
      [paymentKind, samplePayment({ receivedMinor: 5n })],
    ] as const
    const refused = write(store(), { inserts, jobs: [job(1)], outbox: [['mer_a', 'sandbox', '1']] })
    await expect(refused).rejects.toMatchObject({ failure: 'vetoed' })
    expect(await under().takeOutbox()).toEqual([])
    expect(await store().read([rowRef(payoutKind, samplePayout())])).toEqual([undefined])
    expect(await takeJobs()).toEqual([])
  })
}
