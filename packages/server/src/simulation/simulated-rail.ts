import { createHmac } from 'node:crypto'
import type { Instant } from '../kernel/clock.ts'
import type {
  DeclineCode,
  Rail,
  RailAttempt,
  RailNotification,
  RailOperation,
  RailOutcome,
  RawNotification,
} from '../rails/rail.ts'
import type { Chance } from './chance.ts'

/** What the rail really did for one attempt: the truth that the engine must come to know and never guess. */
export interface RailTruth {
  readonly attempt: RailAttempt
  /** `undecided` until the rail has made up its mind; then it never changes. */
  verdict: 'undecided' | 'moved' | 'refused'
  readonly movedMinor: bigint
  readonly code: DeclineCode
  /** The rail decides an undecided attempt when it is asked at or after this instant of its clock. */
  readonly decidesAt: Instant
}

/** A rail with a memory of its own, whose answers get lost, come late, come twice or come out of order. */
export interface SimulatedRail {
  readonly rail: Rail
  /** By attempt id. */
  readonly truths: ReadonlyMap<string, RailTruth>
  /** Notifications that are on their way; the caller delivers them in any order, as often as it likes. */
  readonly outbox: RawNotification[]
  /** Turns every fault off, so that a run can come to rest. */
  calm(): void
}

const secret = 'simulated rail'
const pollAfterMs = 20_000
const decidesWithinMs = 3_600_000

/** Creates the rail of one run. `pause` stands for the network, on the way there and back. */
export function createSimulatedRail(chance: Chance, pause: (label: string) => Promise<void>): SimulatedRail {
  const truths = new Map<string, RailTruth>()
  const outbox: RawNotification[] = []
  let isCalm = false
  const call = async (attempt: RailAttempt, now: Instant): Promise<RailOutcome> => {
    await pause(`${attempt.operation} ${attempt.id} on its way`)
    if (!isCalm && chance.oneIn(12)) return unknown('The call was lost on its way.')
    const truth = truths.get(attempt.id) ?? newTruth(chance, attempt, now)
    truths.set(attempt.id, truth)
    const outcome = outcomeOf(truth, now)
    if (chance.oneIn(isCalm ? 1_000 : 3)) announce(chance, outbox, truth, now)
    await pause(`${attempt.operation} ${attempt.id} answered`)
    return !isCalm && chance.oneIn(10) ? unknown('The answer was lost.') : outcome
  }
  const rail: Rail = {
    name: 'simulated',
    modes: ['sandbox'],
    carries: { collect: ['upi', 'card'], refund: ['upi', 'card'], disburse: ['upi', 'card', 'bank_transfer'] },
    collect: (attempt, { now }) => call(attempt, now),
    refund: (attempt, { now }) => call(attempt, now),
    disburse: (attempt, { now }) => call(attempt, now),
    poll: async (attempt, { now }) => {
      await pause(`poll ${attempt.id}`)
      if (!isCalm && chance.oneIn(10)) return unknown('The rail does not answer.')
      const truth = truths.get(attempt.id)
      if (!truth) return { outcome: 'not_received' }
      const outcome = outcomeOf(truth, now)
      await pause(`poll ${attempt.id} answered`)
      return outcome
    },
    parseNotification: parse,
  }
  return {
    rail,
    truths,
    outbox,
    calm: () => {
      isCalm = true
    },
  }
}

function newTruth(chance: Chance, attempt: RailAttempt, now: Instant): RailTruth {
  const asked = attempt.amount.minor
  const oddAmount = attempt.operation === 'collect' && chance.oneIn(8)
  const movedMinor = oddAmount ? chance.pick([asked + 1n, asked * 2n, asked > 1n ? asked - 1n : asked]) : asked
  const isSlow = chance.oneIn(3)
  return {
    attempt,
    verdict: 'undecided',
    movedMinor,
    code: chance.pick(['do_not_honor', 'insufficient_funds'] as const),
    decidesAt: isSlow ? now + chance.below(decidesWithinMs) : now,
  }
}

/** The verdict hangs on the attempt's id alone, so that asking in another order changes nothing. */
function outcomeOf(truth: RailTruth, now: Instant): RailOutcome {
  if (truth.verdict === 'undecided' && now >= truth.decidesAt) {
    truth.verdict = refuses(truth.attempt) ? 'refused' : 'moved'
  }
  const railReference = `rail-${truth.attempt.id}`
  if (truth.verdict === 'undecided') return { outcome: 'pending', railReference, pollAfterMs }
  if (truth.verdict === 'refused') {
    return { outcome: 'declined', railReference, code: truth.code, message: 'The simulated rail refused.' }
  }
  const received = { minor: truth.movedMinor, currency: truth.attempt.amount.currency }
  return { outcome: 'succeeded', railReference, received }
}

const refusedOneIn: Readonly<Record<RailOperation, number>> = { collect: 5, refund: 6, disburse: 4 }

function refuses({ id, operation }: RailAttempt): boolean {
  const digest = createHmac('sha256', secret).update(id).digest()
  return digest.readUInt32LE() % refusedOneIn[operation] === 0
}

function announce(chance: Chance, outbox: RawNotification[], truth: RailTruth, now: Instant): void {
  const outcome = outcomeOf(truth, now)
  const { scope, id: attemptId } = truth.attempt
  const body = JSON.stringify({ scope, attemptId, outcome }, (_, value: unknown) =>
    typeof value === 'bigint' ? { bigint: String(value) } : value,
  )
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  const copies = chance.oneIn(4) ? 2 : 1
  for (let copy = 0; copy < copies; copy += 1) outbox.push({ headers: { signature }, body })
}

function parse({ headers, body }: RawNotification): RailNotification | undefined {
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  if (headers['signature'] !== signature) return undefined
  return JSON.parse(body, (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'bigint' in value ? BigInt(String(value.bigint)) : value,
  ) as RailNotification
}

function unknown(message: string): RailOutcome {
  return { outcome: 'unknown', message, pollAfterMs }
}
