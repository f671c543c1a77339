import { isoFromInstant } from '../../kernel/clock.ts'
import type { Attempt } from '../attempts/attempt.ts'
import type { EngineEvent } from '../commit/event.ts'
import type { Payment } from './payment.ts'

/** Why a payment has the status that it has, in plain sentences. */
export function sentenceOfStatus(payment: Payment, attempts: readonly Attempt[]): string {
  const { status, attemptsMade, attemptsMax, expiresAt, finishedAt } = payment
  const expiry = isoFromInstant(expiresAt)
  switch (status) {
    case 'created':
      return 'The payment was made and is not offered to its payer yet.'
    case 'awaiting_payer':
      return `${waitingFor(payment)} The payer may pay until ${expiry}.`
    case 'processing':
      return processing(attempts.find(({ id }) => id === payment.attemptId))
    case 'succeeded':
      return `All of it was received; it was complete at ${isoFromInstant(finishedAt ?? payment.updatedAt)}.`
    case 'failed':
      return `Attempt ${attemptsMade} of ${attemptsMax} was declined, so no attempt is left.`
    case 'cancelled':
      return 'The merchant cancelled it before it was paid.'
    case 'expired':
      return 'Its time was over before it was paid.'
  }
}

function waitingFor({ suspenseMinor, failureCode, attemptsMade, attemptsMax }: Payment): string {
  if (suspenseMinor > 0n) return 'A part has arrived; the rest is still to be paid.'
  if (failureCode === null) return 'Nobody has paid yet.'
  return `Attempt ${attemptsMade} of ${attemptsMax} was declined; the payer may try again.`
}

function processing(attempt: Attempt | undefined): string {
  if (attempt?.status === 'unknown') {
    return `The rail ${attempt.rail} has not said what became of the attempt. It is asked until it does; nothing is guessed.`
  }
  if (attempt?.status === 'processing') return `The rail ${attempt.rail} has taken the attempt and will decide later.`
  return 'An attempt is being made.'
}

interface Sentence {
  readonly what: string
  readonly by: string
}

type Row = Readonly<Record<string, unknown>>

const sentences: Readonly<Record<string, (data: Row) => Sentence>> = {
  'payment.created': ({ dialect }) => said(`The payment was created through the ${dialect} API.`, 'merchant'),
  'payment.attempt_declined': (data) => said(`The attempt was declined${reason(data)}.`, railOf(data)),
  'payment.partially_paid': (data) => said('A part of the amount arrived.', railOf(data)),
  'payment.funds_unallocated': (data) => said('Money arrived that the payment no longer takes.', railOf(data)),
  'payment.succeeded': (data) => said('The payment was complete.', railOf(data)),
  'payment.failed': (data) => said(`The last attempt was declined${reason(data)}.`, railOf(data)),
  'payment.cancelled': () => said('The payment was cancelled.', 'merchant'),
  'payment.expired': () => said('The payment expired.', 'paylect'),
  'refund.created': ({ id }) => said(`The refund ${id} was created.`, 'merchant'),
  'refund.succeeded': ({ id }) => said(`The refund ${id} was paid.`, 'rail'),
  'refund.failed': (data) => said(`The refund ${data['id']} failed${reason(data)}.`, 'rail'),
}

/** What an event says, and who brought it about. An event that this version does not know is told by its type. */
export function sentenceOfEvent({ type, data }: EngineEvent): Sentence {
  return sentences[type]?.(data as Row) ?? said(`${type} happened.`, 'paylect')
}

function said(what: string, by: string): Sentence {
  return { what, by }
}

function railOf({ rail }: Row): string {
  return `rail:${rail}`
}

function reason({ failureCode }: Row): string {
  return typeof failureCode === 'string' ? ` (${failureCode.replaceAll('_', ' ')})` : ''
}
