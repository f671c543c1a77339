import { type DeclineCode, declineCodes } from '../engine/index.ts'

/**
 * What a payer is told about a decline. Suspicion of fraud reads like any refusal of a bank: the sentence must not teach a thief what was noticed.
 */
const sentences: Readonly<Record<DeclineCode, string>> = {
  insufficient_funds: 'There is not enough money in the account.',
  do_not_honor: 'Your bank declined the payment.',
  expired_instrument: 'The card or the mandate has expired.',
  invalid_account: 'The account does not exist or cannot be used.',
  limit_exceeded: 'The amount is above a limit of your account.',
  authentication_failed: 'Your bank could not confirm that it is you.',
  suspected_fraud: 'Your bank declined the payment.',
  cancelled_by_payer: 'You cancelled the payment.',
  payer_timed_out: 'The payment was not confirmed in time.',
  rail_error: 'The payment could not be carried out.',
}

/** The sentence for a stored code; codes that this version does not know read as a plain refusal. */
export function declineSentence(code: string | null): string {
  const known = declineCodes.find((candidate) => candidate === code)
  return sentences[known ?? 'do_not_honor']
}
