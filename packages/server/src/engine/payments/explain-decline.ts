import { type DeclineCode, declineCodes } from '../../rails/rail.ts'

/** What a decline means and what can be done about it. */
export interface DeclineExplanation {
  readonly code: string
  /** The rail's own words. */
  readonly message: string | null
  readonly meaning: string
  /** Whether the same payment may be tried once more. */
  readonly retryable: boolean
  readonly whatToDo: string
}

interface Meaning {
  readonly meaning: string
  /** Whether another try can have another outcome. */
  readonly mayPass: boolean
  readonly whatToDo: string
}

const meanings: Readonly<Record<DeclineCode, Meaning>> = {
  insufficient_funds: {
    meaning: 'There was not enough money in the payer’s account.',
    mayPass: true,
    whatToDo: 'Ask the payer to try again later or to use another account.',
  },
  do_not_honor: {
    meaning: 'The payer’s bank refused and gave no reason.',
    mayPass: true,
    whatToDo: 'Ask the payer to call the bank or to use another account.',
  },
  expired_instrument: {
    meaning: 'The card or the mandate has expired.',
    mayPass: true,
    whatToDo: 'Ask the payer for another card or account.',
  },
  invalid_account: {
    meaning: 'The account does not exist or cannot be used.',
    mayPass: true,
    whatToDo: 'Ask the payer to check the account or to use another one.',
  },
  limit_exceeded: {
    meaning: 'The amount is above a limit of the payer’s account.',
    mayPass: true,
    whatToDo: 'Ask the payer to raise the limit, or to pay by another method.',
  },
  authentication_failed: {
    meaning: 'The payer’s bank could not confirm who was paying.',
    mayPass: true,
    whatToDo: 'Ask the payer to try again and to confirm in the bank’s app.',
  },
  suspected_fraud: {
    meaning: 'The payer’s bank or the rail suspects fraud.',
    mayPass: false,
    whatToDo: 'Do not try again. Look at the order, and tell the payer only that the bank refused.',
  },
  cancelled_by_payer: {
    meaning: 'The payer cancelled.',
    mayPass: true,
    whatToDo: 'Nothing, unless the payer comes back.',
  },
  payer_timed_out: {
    meaning: 'The payer did not confirm in time.',
    mayPass: true,
    whatToDo: 'Ask the payer to try again.',
  },
  rail_error: {
    meaning: 'The rail could not carry it out.',
    mayPass: true,
    whatToDo: 'Try again in a moment; if it goes on, ask the operator of the gateway.',
  },
}

const unknown: Meaning = {
  meaning: 'The rail refused for a reason that this version does not know.',
  mayPass: true,
  whatToDo: 'Read the message, and ask the operator of the gateway.',
}

/** Explains a stored code. `isOpen` tells whether the payment still takes another attempt. */
export function explainDecline(code: string, message: string | null, isOpen: boolean): DeclineExplanation {
  const known = declineCodes.find((candidate) => candidate === code)
  const { meaning, mayPass, whatToDo } = known ? meanings[known] : unknown
  const ended = isOpen || !mayPass ? '' : ' This payment takes no more attempts: make a new one.'
  return { code, message, meaning, retryable: isOpen && mayPass, whatToDo: `${whatToDo}${ended}` }
}
