import { createHmac } from 'node:crypto'
import type { Instant } from '../kernel/clock.ts'
import type {
  DeclineCode,
  Rail,
  RailAttempt,
  RailNotification,
  RailOperation,
  RailOutcome,
  RailPollOutcome,
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
/** Steps that a call is held up on its way after we have given it up, at most. */
const lateHopsMax = 6

/** The network between us and the rail. */
export interface RailNetwork {
  /** The time a message takes, there or back. */
  pause(label: string): Promise<void>
  /** Told of a message that arrives after everybody has stopped waiting for it. */
  follow(work: Promise<unknown>): void
}

interface RailState {
  readonly chance: Chance
  readonly network: RailNetwork
  readonly truths: Map<string, RailTruth>
  readonly outbox: RawNotification[]
  isCalm: boolean
}

/** Creates the rail of one run. */
export function createSimulatedRail(chance: Chance, network: RailNetwork): SimulatedRail {
  const state: RailState = { chance, network, truths: new Map(), outbox: [], isCalm: false }
  const { truths, outbox } = state
  const call = (attempt: RailAttempt, now: Instant) => callRail(state, attempt, now)
  const rail: Rail = {
    name: 'simulated',
    modes: ['sandbox'],
    carries: { collect: ['upi', 'card'], refund: ['upi', 'card'], disburse: ['upi', 'card', 'bank_transfer'] },
    collect: (attempt, { now }) => call(attempt, now),
    refund: (attempt, { now }) => call(attempt, now),
    disburse: (attempt, { now }) => call(attempt, now),
    poll: (attempt, { now }) => pollRail(state, attempt, now),
    parseNotification: parse,
  }
  return {
    rail,
    truths,
    outbox,
    calm: () => {
      state.isCalm = true
    },
  }
}

async function callRail(state: RailState, attempt: RailAttempt, now: Instant): Promise<RailOutcome> {
  const { chance, network } = state
  const fails = (times: number) => !state.isCalm && chance.oneIn(times)
  await network.pause(`${attempt.operation} ${attempt.id} on its way`)
  if (fails(12)) return unknown('The call was lost on its way.')
  if (fails(12)) {
    // We give up while the call is still on its way: the rail gets it after we have begun to ask what became of it.
    network.follow(arriveLate(state, attempt, now))
    return unknown('The rail did not answer in time.')
  }
  const outcome = carryOut(state, attempt, now)
  await network.pause(`${attempt.operation} ${attempt.id} answered`)
  return fails(10) ? unknown('The answer was lost.') : outcome
}

async function arriveLate(state: RailState, attempt: RailAttempt, now: Instant): Promise<void> {
  for (let hops = state.chance.between(1, lateHopsMax); hops > 0; hops -= 1) {
    await state.network.pause(`${attempt.operation} ${attempt.id} is held up`)
  }
  carryOut(state, attempt, now)
}

function carryOut({ chance, truths, outbox, isCalm }: RailState, attempt: RailAttempt, now: Instant): RailOutcome {
  const truth = truths.get(attempt.id) ?? newTruth(chance, attempt, now)
  truths.set(attempt.id, truth)
  const outcome = outcomeOf(truth, now)
  if (chance.oneIn(isCalm ? 1_000 : 3)) announce(chance, outbox, truth, now)
  return outcome
}

async function pollRail(state: RailState, attempt: RailAttempt, now: Instant): Promise<RailPollOutcome> {
  const { chance, network, truths } = state
  await network.pause(`poll ${attempt.id}`)
  if (!state.isCalm && chance.oneIn(10)) return unknown('The rail does not answer.')
  const truth = truths.get(attempt.id)
  if (!truth) return { outcome: 'not_received' }
  const outcome = outcomeOf(truth, now)
  await network.pause(`poll ${attempt.id} answered`)
  return outcome
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
