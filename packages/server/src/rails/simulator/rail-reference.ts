import { createHash } from 'node:crypto'
import type { PaymentMethod, RailAttempt } from '../rail.ts'

interface ReferenceForm {
  readonly prefix: string
  readonly digitCount: number
}

/**
 * The forms that people know from statements: UPI's retrieval reference number of 12 digits, the acquirer reference
 * number of 23 digits (the first is 7) of cards, and a UTR of 22 characters for bank transfers.
 */
const referenceForms: Readonly<Record<PaymentMethod, ReferenceForm>> = {
  upi: { prefix: '', digitCount: 12 },
  card: { prefix: '7', digitCount: 22 },
  bank_transfer: { prefix: 'SIMU', digitCount: 18 },
}

/**
 * The rail's reference of an attempt, in the form of its method: always the same for one attempt id. Twelve digits are
 * few, so two of a million UPI attempts may share one, as on the real rail: it is for people, never a key.
 */
export function railReferenceOf(attempt: Pick<RailAttempt, 'id' | 'method'>): string {
  const { prefix, digitCount } = referenceForms[attempt.method]
  const hash = createHash('sha256').update(`rail-reference:${attempt.id}`).digest('hex')
  const digits = BigInt(`0x${hash}`) % 10n ** BigInt(digitCount)
  return prefix + digits.toString().padStart(digitCount, '0')
}
