import type { RailAttempt } from '../rail.ts'
import { declineCodes } from '../rail.ts'
import { parseScenario, type Scenario } from './scenario.ts'

/** One form of the scenario grammar, as people read it. */
export interface ScenarioForm {
  /** The form; what stands in angle brackets is filled in. */
  readonly form: string
  /** A text of that form which `parseScenario` reads. */
  readonly example: string
  readonly meaning: string
}

/** The whole grammar of `simulate`. The page that merchants read is made from it, and tests hold the parser to it. */
export const scenarioForms: readonly ScenarioForm[] = [
  { form: 'succeeded', example: 'succeeded', meaning: 'Succeeds at once. What happens without any magic value.' },
  { form: 'declined', example: 'declined', meaning: 'Is declined at once, with `do_not_honor`.' },
  { form: 'declined:<code>', example: 'declined:insufficient_funds', meaning: 'Is declined at once, with that code.' },
  {
    form: 'partial',
    example: 'partial',
    meaning: 'The payer pays half, rounded down to whole minor units, but at least one.',
  },
  {
    form: 'partial:<minor>',
    example: 'partial:500',
    meaning: 'The payer pays that many minor units in all, at most what was asked.',
  },
  {
    form: 'over',
    example: 'over',
    meaning: 'The payer pays a tenth more, rounded down to whole minor units, but at least one more.',
  },
  {
    form: 'over:<minor>',
    example: 'over:150000',
    meaning: 'The payer pays that many minor units in all, at least one more than was asked.',
  },
  {
    form: 'late',
    example: 'late',
    meaning: 'Is pending for a minute; then the rail sends a notification of success. Asking tells the same.',
  },
  { form: 'late:<duration>', example: 'late:PT5M', meaning: 'As `late`, after that time.' },
  {
    form: 'pending',
    example: 'pending',
    meaning: 'Is pending, and no notification ever comes; who asks after 30 seconds hears of success.',
  },
  {
    form: 'duplicate',
    example: 'duplicate',
    meaning: 'Succeeds at once, and the rail sends the same notification of success twice.',
  },
  {
    form: 'unknown',
    example: 'unknown',
    meaning: 'The reply is lost. The first question is not answered either, the second one with success.',
  },
  {
    form: 'unknown:declined',
    example: 'unknown:declined',
    meaning: 'As `unknown`, but it was declined, with `do_not_honor`.',
  },
  {
    form: 'unknown:declined:<code>',
    example: 'unknown:declined:limit_exceeded',
    meaning: 'As `unknown`, but it was declined, with that code.',
  },
  {
    form: 'unknown:not_received',
    example: 'unknown:not_received',
    meaning: 'The call is lost on its way. Asked, the rail has not received it; the repeated call succeeds.',
  },
  {
    form: 'down',
    example: 'down',
    meaning:
      'The rail does not answer for a minute. If the first question comes after that, it has not received the call, and the repeated call succeeds. If it was asked meanwhile, it has found the call.',
  },
  { form: 'down:<duration>', example: 'down:PT2M', meaning: 'As `down`, for that time.' },
]

/** A bank account whose number ends in these four digits selects this scenario. */
export interface MagicBankAccount {
  readonly lastFourDigits: string
  readonly scenario: string
}

/** The magic endings of bank account numbers. Every other account takes its payout at once. */
export const magicBankAccounts: readonly MagicBankAccount[] = [
  { lastFourDigits: '0002', scenario: 'declined:do_not_honor' },
  { lastFourDigits: '0003', scenario: 'declined:insufficient_funds' },
  { lastFourDigits: '0004', scenario: 'declined:invalid_account' },
  { lastFourDigits: '0005', scenario: 'late' },
  { lastFourDigits: '0006', scenario: 'unknown' },
  { lastFourDigits: '0007', scenario: 'down' },
  { lastFourDigits: '0008', scenario: 'duplicate' },
  { lastFourDigits: '0009', scenario: 'unknown:declined:invalid_account' },
  { lastFourDigits: '0010', scenario: 'unknown:not_received' },
  { lastFourDigits: '0011', scenario: 'pending' },
]

const upiHandle = '@simulator'

/** The UPI id that selects a scenario: `declined:expired_instrument` is `declined.expired_instrument@simulator`. */
export function upiIdOfScenario(scenario: string): string {
  return `${scenario.replaceAll(':', '.').toLowerCase()}${upiHandle}`
}

/**
 * The scenario of an attempt: what `instruction.simulate` says; else what the payer's UPI id (collections and refunds)
 * or the beneficiary's UPI id or account number (payouts) selects; else success. A payout without the number that its
 * method needs is declined with `invalid_account`. `undefined` where `simulate` is given and is no scenario.
 */
export function scenarioOf(attempt: RailAttempt): Scenario | undefined {
  const { simulate, payerUpiId } = attempt.instruction
  if (simulate !== undefined) return parseScenario(simulate)
  if (attempt.operation !== 'disburse') return fromUpiId(payerUpiId) ?? { kind: 'succeeded' }

  const { upiId = null, accountNumber = null } = attempt.beneficiary ?? {}
  const destination = attempt.method === 'upi' ? upiId : accountNumber
  if (destination === null) return { kind: 'declined', code: 'invalid_account' }
  const selected = attempt.method === 'upi' ? fromUpiId(destination) : fromAccountNumber(destination)
  return selected ?? { kind: 'succeeded' }
}

function fromUpiId(upiId: string | undefined): Scenario | undefined {
  const lowerCase = upiId?.toLowerCase()
  if (!lowerCase?.endsWith(upiHandle)) return undefined
  return parseScenario(lowerCase.slice(0, -upiHandle.length).replaceAll('.', ':'))
}

function fromAccountNumber(accountNumber: string): Scenario | undefined {
  const lastFourDigits = accountNumber.replace(/[\s-]/g, '').slice(-4)
  const magic = magicBankAccounts.find((account) => account.lastFourDigits === lastFourDigits)
  return magic && parseScenario(magic.scenario)
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** The page on magic values (docs/sandbox-magic-values.md), made from the tables above. */
export function renderMagicValues(): string {
  const code = (text: string) => `\`${text}\``
  return `# Magic values of the sandbox

Made from \`packages/server/src/rails/simulator/magic-values.ts\`; change it there. In the sandbox every rail is the
simulator. It decides from what it is given and from nothing else, so the same request always ends the same way. All
times are those of the sandbox clock, counted from when the attempt was made.

## Scenarios

Give one of these as \`simulate\` in the sandbox, or as a UPI id: the part before \`${upiHandle}\` is the scenario with dots
for colons, in either case. \`simulate\` wins over a UPI id. A \`simulate\` that is none of these is refused; any other
UPI id succeeds.

${tableOf(
  ['`simulate`', 'for example', 'as a UPI id', 'what happens'],
  scenarioForms.map(({ form, example, meaning }) => [
    code(form),
    code(example),
    code(upiIdOfScenario(example)),
    meaning,
  ]),
)}

\`<code>\` is one of ${declineCodes.map(code).join(', ')}.
\`<minor>\` is a whole number of minor units (cents, paise), above zero. \`<duration>\` is an ISO 8601 duration from one
second (\`PT1S\`) to thirty days (\`P30D\`).

\`partial\` and \`over\` are about payers: a refund or a payout with them succeeds with the whole amount.
Payments and refunds look at the payer's UPI id, payouts by UPI at the beneficiary's.

## Bank accounts

A payout to a bank account looks at the last four digits of the account number. Every other account succeeds at once.

${tableOf(
  ['account number ends in', 'scenario'],
  magicBankAccounts.map(({ lastFourDigits, scenario }) => [code(lastFourDigits), code(scenario)]),
)}
`
}
