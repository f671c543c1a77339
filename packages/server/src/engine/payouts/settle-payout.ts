import { nextState } from '../../kernel/transitions.ts'
import { clearingCode } from '../../ledger/chart.ts'
import { attemptAfter, attemptFact, attemptKind, isSettled, type RailAnswer } from '../attempts/attempt.ts'
import { type Change, post, record, resolve, update } from '../commit/changes.ts'
import { accept, defineCommand, present } from '../commit/command.ts'
import { accountFact, reservationFact } from '../commit/ledger-kinds.ts'
import { type Payout, payoutAmount, payoutFact, payoutKind, payoutTransitions } from './payout.ts'

/** A rail has said what became of a payout. */
export interface SettlePayout extends RailAnswer {
  readonly payoutId: string
}

/** Records the outcome of a payout: the reservation is posted and sent, or voided. The database lets each happen once. */
export const settlePayout = defineCommand({
  name: 'settle_payout',
  facts: (c: SettlePayout) => ({
    payout: payoutFact(c.scope, c.payoutId),
    attempt: attemptFact(c.scope, c.attemptId),
    reservation: reservationFact(c.scope, c.payoutId),
  }),
  more: ({ payout }, c) => ({
    clearing: payout && accountFact(c.scope, clearingCode(payout.rail), payout.currency),
    available: payout && accountFact(c.scope, 'available', payout.currency),
    inFlight: payout && accountFact(c.scope, 'payouts_in_flight', payout.currency),
  }),
  decide(facts, c, ctx) {
    const payout = present(facts.payout, 'payout')
    const attempt = present(facts.attempt, 'attempt')
    const settled = attemptAfter(attempt, c, ctx.now)
    if (!settled) return accept(payout, [])
    if (!isSettled(settled)) {
      return accept(payout, [update(attemptKind, settled)])
    }
    const sent = settled.status === 'succeeded'
    const ended: Payout = {
      ...payout,
      status: nextState(payoutTransitions, payout.status, sent ? 'settle' : 'fail') ?? payout.status,
      failureCode: settled.code,
      failureMessage: settled.message,
      updatedAt: ctx.now,
      finishedAt: ctx.now,
    }
    const open = present(facts.reservation, 'reservation')
    const available = present(facts.available, 'available')
    const inFlight = present(facts.inFlight, 'payouts_in_flight')
    const subject = { kind: 'payout', id: payout.id }
    const moves: Change[] = sent
      ? [
          resolve(open, available, inFlight, 'post_pending', { reason: 'payout_sent', subject }),
          post(inFlight, present(facts.clearing, 'clearing'), payoutAmount(payout), { reason: 'payout_paid', subject }),
        ]
      : [resolve(open, available, inFlight, 'void_pending', { reason: 'payout_returned', subject })]
    return accept(ended, [
      update(attemptKind, settled),
      update(payoutKind, ended),
      ...moves,
      record(`payout.${ended.status}`, payoutKind, ended),
    ])
  },
})
