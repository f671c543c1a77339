import { attemptKind } from '../engine/attempts/attempt.ts'
import { eventKind } from '../engine/commit/event.ts'
import type { Kind, RevisedRow, ScopedRow } from '../engine/commit/kind.ts'
import { accountKind, transferKind } from '../engine/commit/ledger-kinds.ts'
import { type Payment, paymentKind } from '../engine/payments/payment.ts'
import { payoutKind } from '../engine/payouts/payout.ts'
import { type Refund, refundKind } from '../engine/refunds/refund.ts'
import { type Account, spendableBalance } from '../ledger/account.ts'
import type { Transfer } from '../ledger/transfer.ts'
import type { Installation } from './installation.ts'
import type { Merchants, Request } from './merchants.ts'

/** Holds the whole installation against the rules that no fault may break. */
export interface Invariants {
  /** Looks at the store and says, in words, which rules are broken now; empty when all hold. */
  broken(): Promise<readonly string[]>
}

interface Totals {
  debitsPosted: bigint
  creditsPosted: bigint
  debitsPending: bigint
  creditsPending: bigint
}

/** What was true before a look began. */
interface KnownBefore {
  readonly requests: readonly Pick<Request, 'what' | 'key' | 'acknowledged'>[]
  readonly railKnew: readonly string[]
}

/** The books kept a second time, from nothing but the transfers, by other code than the engine's. */
interface SecondBooks {
  readonly accounts: Map<string, Totals>
  /** The last transfer taken, by merchant. */
  readonly taken: Map<string, bigint>
}

/** Creates the rules over an installation and what its merchants were told. */
export function createInvariants(installation: Installation, merchants: Merchants): Invariants {
  const books: SecondBooks = { accounts: new Map(), taken: new Map() }
  return {
    broken: async () => {
      // Where the run goes on during the look, only what was known before it must be found in it.
      const before: KnownBefore = {
        requests: merchants.requests.map((request) => ({ ...request })),
        railKnew: [...installation.rail.truths.keys()],
      }
      await installation.ground.shared.look(installation.scopes)
      return [
        ...installation.defects.map((defect) => `defect: ${defect}`),
        ...merchants.complaints,
        ...ledgerFaults(installation, books),
        ...paymentFaults(installation),
        ...subledgerFaults(installation),
        ...truthFaults(installation, before),
        ...eventFaults(installation),
        ...acknowledgementFaults(installation, before, merchants.requests.length),
      ]
    },
  }
}

function rowsOf<Row extends ScopedRow>({ ground }: Installation, kind: Kind<Row>): Row[] {
  return ground.shared.rows(kind)
}

function ledgerFaults(installation: Installation, books: SecondBooks): string[] {
  const faults: string[] = []
  const transfers = rowsOf(installation, transferKind).sort((a, b) => Number(a.number - b.number))
  for (const transfer of transfers) take(books, transfer, faults)
  const sums = new Map<string, bigint>()
  for (const account of rowsOf(installation, accountKind) as Account[]) {
    const { merchantId, code, currency } = account
    const kept = books.accounts.get(`${merchantId} ${code} ${currency}`) ?? emptyTotals()
    for (const total of ['debitsPosted', 'creditsPosted', 'debitsPending', 'creditsPending'] as const) {
      if (kept[total] === account[total]) continue
      faults.push(`${merchantId} ${code} ${currency}: ${total} is ${account[total]}, its history says ${kept[total]}`)
    }
    if (account.bounded && spendableBalance(account) < 0n) faults.push(`${merchantId} ${code} is below zero`)
    const sum = (sums.get(currency) ?? 0n) + account.creditsPosted - account.debitsPosted
    sums.set(currency, sum)
  }
  for (const [currency, sum] of sums) if (sum !== 0n) faults.push(`${currency} does not sum to zero but to ${sum}`)
  return faults
}

function emptyTotals(): Totals {
  return { debitsPosted: 0n, creditsPosted: 0n, debitsPending: 0n, creditsPending: 0n }
}

function take({ accounts, taken }: SecondBooks, transfer: Transfer, faults: string[]): void {
  const { merchantId, number, currency, type, amountMinor } = transfer
  const before = taken.get(merchantId) ?? 0n
  if (number <= before) return
  if (number !== before + 1n) faults.push(`${merchantId}: transfer ${number} follows ${before}`)
  taken.set(merchantId, number)
  const totalsOf = (code: string): Totals => {
    const key = `${merchantId} ${code} ${currency}`
    const totals = accounts.get(key) ?? emptyTotals()
    accounts.set(key, totals)
    return totals
  }
  const debit = totalsOf(transfer.debitCode)
  const credit = totalsOf(transfer.creditCode)
  if (type === 'posted' || type === 'post_pending') {
    debit.debitsPosted += amountMinor
    credit.creditsPosted += amountMinor
  }
  if (type === 'posted') return
  const held = type === 'pending' ? amountMinor : -amountMinor
  debit.debitsPending += held
  credit.creditsPending += held
}

function sumBy<Row>(rows: readonly Row[], keyOf: (row: Row) => string, of: (row: Row) => bigint): Map<string, bigint> {
  const sums = new Map<string, bigint>()
  for (const row of rows) sums.set(keyOf(row), (sums.get(keyOf(row)) ?? 0n) + of(row))
  return sums
}

/** What payments say of themselves, against their refunds and against the books. */
function paymentFaults(installation: Installation): string[] {
  const refunds = rowsOf(installation, refundKind)
  const held = sumBy(refunds.filter(isNotFailed), ({ paymentId }) => paymentId, amountOf)
  const paidBack = sumBy(
    refunds.filter(({ status }) => status === 'succeeded'),
    ({ paymentId }) => paymentId,
    amountOf,
  )
  const transfers = rowsOf(installation, transferKind)
  const ofReason = (reasons: readonly string[]) =>
    sumBy(
      transfers.filter(({ reason }) => reasons.includes(reason)),
      ({ subjectId }) => subjectId,
      ({ amountMinor }) => amountMinor,
    )
  const captured = ofReason(['payment_captured', 'payment_allocated'])
  const fees = ofReason(['payment_fee'])
  return rowsOf(installation, paymentKind).flatMap((payment) => [
    ...differs(payment, 'captured', payment.capturedMinor, captured.get(payment.id)),
    ...differs(payment, 'fee', payment.feeMinor, fees.get(payment.id)),
    ...differs(payment, 'reserved for refunds', payment.refundReservedMinor, held.get(payment.id)),
    ...differs(payment, 'refunded', payment.refundedMinor, paidBack.get(payment.id)),
    ...ownFaults(payment),
  ])
}

function isNotFailed({ status }: Refund): boolean {
  return status !== 'failed'
}

function amountOf({ amountMinor }: Refund): bigint {
  return amountMinor
}

function differs({ id }: Payment, what: string, said: bigint, counted = 0n): string[] {
  return said === counted ? [] : [`${id}: ${what} is ${said}, counted ${counted}`]
}

function ownFaults(payment: Payment): string[] {
  const { id, status, amountMinor, capturedMinor, refundReservedMinor, finishedAt, expiresAt } = payment
  const faults: string[] = []
  if (capturedMinor !== 0n && capturedMinor !== amountMinor)
    faults.push(`${id}: captured ${capturedMinor} of ${amountMinor}`)
  if ((status === 'succeeded') !== (capturedMinor === amountMinor))
    faults.push(`${id}: ${status} with ${capturedMinor} captured`)
  if (refundReservedMinor > capturedMinor) faults.push(`${id}: more is refunded than was captured`)
  if (status === 'expired' && (finishedAt ?? 0) < expiresAt) faults.push(`${id}: expired before its time`)
  return faults
}

/** Each account says what the objects behind it add up to: the books and the objects tell one story, with the same sign. */
function subledgerFaults(installation: Installation): string[] {
  const balances = sumBy(
    rowsOf(installation, accountKind) as Account[],
    accountKey,
    (account) => account.creditsPosted - account.debitsPosted,
  )
  const held = sumBy(rowsOf(installation, accountKind) as Account[], accountKey, ({ debitsPending }) => debitsPending)
  const payments = rowsOf(installation, paymentKind)
  const pendingRefunds = rowsOf(installation, refundKind).filter(({ status }) => status === 'pending')
  const openPayouts = rowsOf(installation, payoutKind).filter(({ status }) => status === 'processing')
  const keyOf = (code: string) => (row: { readonly merchantId: string; readonly currency: string }) =>
    accountKey({ ...row, code })
  const fees = sumBy(payments, keyOf('fees'), ({ feeMinor, feeReturnedMinor }) => feeMinor - feeReturnedMinor)
  const suspense = sumBy(payments, keyOf('suspense'), ({ suspenseMinor }) => suspenseMinor)
  const inFlight = sumBy(pendingRefunds, keyOf('refunds_in_flight'), amountOf)
  const reserved = sumBy(openPayouts, keyOf('available'), ({ amountMinor }) => amountMinor)
  return [
    ...unequal(fees, balances, 'fees'),
    ...unequal(suspense, balances, 'suspense'),
    ...unequal(inFlight, balances, 'refunds_in_flight'),
    ...unequal(reserved, held, 'available'),
  ]
}

function accountKey({ merchantId, code, currency }: Pick<Account, 'merchantId' | 'code' | 'currency'>): string {
  return `${merchantId} ${currency} ${code}`
}

function unequal(objects: ReadonlyMap<string, bigint>, books: ReadonlyMap<string, bigint>, code: string): string[] {
  const keys = [...new Set([...objects.keys(), ...books.keys()])].filter((key) => key.endsWith(` ${code}`))
  return keys.flatMap((key) => {
    const [said, booked] = [objects.get(key) ?? 0n, books.get(key) ?? 0n]
    return said === booked ? [] : [`${key}: the objects add up to ${said}, the books say ${booked}`]
  })
}

/** What the engine says the rail did, against what the rail did: nothing is guessed, and nothing moves twice. */
function truthFaults(installation: Installation, { railKnew }: KnownBefore): string[] {
  const { truths } = installation.rail
  const attempts = rowsOf(installation, attemptKind)
  const faults = attempts.flatMap(({ id, status, receivedMinor }) => {
    const truth = truths.get(id)
    if (status === 'succeeded' && truth?.verdict !== 'moved')
      return [`${id}: succeeded, the rail says ${truth?.verdict}`]
    if (status === 'declined' && truth?.verdict !== 'refused')
      return [`${id}: declined, the rail says ${truth?.verdict}`]
    if (status === 'succeeded' && receivedMinor !== truth?.movedMinor) return [`${id}: the wrong amount arrived`]
    return []
  })
  const bySubject = Map.groupBy(attempts, ({ subjectId }) => subjectId)
  const ended = [...rowsOf(installation, payoutKind), ...rowsOf(installation, refundKind)]
  for (const { id, status, amountMinor } of ended) {
    const own = bySubject.get(id) ?? []
    const moved = own.filter((attempt) => truths.get(attempt.id)?.verdict === 'moved')
    const movedMinor = moved.reduce((sum, attempt) => sum + (truths.get(attempt.id)?.movedMinor ?? 0n), 0n)
    if (movedMinor > amountMinor) faults.push(`${id}: the rail sent ${movedMinor} of ${amountMinor}`)
    if (status === 'failed' && movedMinor > 0n) faults.push(`${id}: failed, but the rail has sent it`)
    if (status === 'succeeded' && movedMinor !== amountMinor)
      faults.push(`${id}: succeeded, but the rail sent ${movedMinor}`)
  }
  // A failure is shown only once the rail has refused: what nobody knows yet is not one.
  for (const { id, status } of [...ended, ...rowsOf(installation, paymentKind)]) {
    if (status !== 'failed') continue
    // A payment may fail with a part of its money in suspense: that attempt is known to have brought it.
    const open = (bySubject.get(id) ?? []).filter((attempt) => attempt.status !== 'succeeded')
    const doubtful = open.filter((attempt) => truths.get(attempt.id)?.verdict !== 'refused')
    for (const attempt of doubtful) faults.push(`${id}: failed, but the rail has not refused ${attempt.id}`)
  }
  const known = new Set(attempts.map(({ id }) => id))
  for (const id of railKnew) if (!known.has(id)) faults.push(`the rail knows ${id}, the engine does not`)
  return faults
}

const endings: Readonly<Record<string, readonly string[]>> = {
  payment: ['succeeded', 'failed', 'cancelled', 'expired'],
  refund: ['succeeded', 'failed'],
  payout: ['succeeded', 'failed'],
}

/** The feed is gapless, ordered for each object, and tells each beginning and each ending exactly once. */
function eventFaults(installation: Installation): string[] {
  const faults: string[] = []
  const byMerchant = Map.groupBy(rowsOf(installation, eventKind), ({ merchantId }) => merchantId)
  const told = new Map<string, number>()
  for (const [merchantId, events] of byMerchant) {
    const revisions = new Map<string, number>()
    const inOrder = events.sort((a, b) => Number(a.number - b.number))
    inOrder.forEach(({ number, objectId, objectRevision, type }, index) => {
      if (number !== BigInt(index + 1)) faults.push(`${merchantId}: event ${number} stands at place ${index + 1}`)
      if (objectRevision < (revisions.get(objectId) ?? 0)) faults.push(`${objectId}: its events go back in time`)
      revisions.set(objectId, objectRevision)
      const key = `${objectId} ${type}`
      told.set(key, (told.get(key) ?? 0) + 1)
    })
  }
  for (const kind of [paymentKind, refundKind, payoutKind] as unknown as readonly Kind<RevisedRow>[]) {
    for (const row of rowsOf(installation, kind)) {
      const { id, status } = row as unknown as { readonly id: string; readonly status: string }
      const wanted = ['created', ...(endings[kind.name]?.includes(status) ? [status] : [])]
      for (const type of wanted) {
        const times = told.get(`${id} ${kind.name}.${type}`) ?? 0
        if (times !== 1) faults.push(`${id}: ${kind.name}.${type} was told ${times} times`)
      }
    }
  }
  return faults
}

/** What a merchant was told is there, once, and nothing is there that nobody asked for. */
function acknowledgementFaults(installation: Installation, { requests }: KnownBefore, requestsNow: number): string[] {
  const ids = new Set(
    [paymentKind, refundKind, payoutKind].flatMap((kind) =>
      rowsOf(installation, kind as unknown as Kind<RevisedRow & { readonly id: string }>).map(({ id }) => id),
    ),
  )
  const faults = requests.flatMap(({ what, key, acknowledged }) =>
    acknowledged === undefined || ids.has(acknowledged) ? [] : [`${what} ${key} was acknowledged and is gone`],
  )
  const made = requests.filter(({ what }) => what === 'payment' || what === 'refund' || what === 'payout')
  const distinct = new Set(made.flatMap(({ acknowledged }) => acknowledged ?? []))
  const answered = made.filter(({ acknowledged }) => acknowledged !== undefined)
  if (distinct.size !== answered.length) faults.push('two requests were answered with the same object')
  const madeMax = made.length + requestsNow - requests.length
  if (ids.size > madeMax) faults.push(`${ids.size} objects were made for ${madeMax} requests`)
  return faults
}
