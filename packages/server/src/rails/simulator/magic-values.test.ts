import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { money } from '../../kernel/money.ts'
import { declineCodes, type RailAttempt } from '../rail.ts'
import { magicBankAccounts, renderMagicValues, scenarioForms, scenarioOf, upiIdOfScenario } from './magic-values.ts'
import { parseScenario } from './scenario.ts'

const page = new URL('../../../../../docs/sandbox-magic-values.md', import.meta.url)

function attempt(over: Partial<RailAttempt>): RailAttempt {
  return {
    id: 'att_01jd0000000000000000000001',
    scope: { merchantId: 'mer_1', mode: 'sandbox' },
    operation: 'collect',
    method: 'upi',
    amount: money(25_000n, 'INR'),
    instruction: {},
    originalRailReference: null,
    beneficiary: null,
    createdAt: 0,
    polls: 0,
    ...over,
  }
}

function payout(method: 'upi' | 'bank_transfer', accountNumber: string | null, upiId: string | null): RailAttempt {
  return attempt({
    operation: 'disburse',
    method,
    beneficiary: { name: 'Asha', accountNumber, bankCode: 'SIMU0000001', upiId },
  })
}

describe('the published tables hold', () => {
  test('the page is what the tables say', async () => {
    expect(await readFile(page, 'utf8')).toBe(renderMagicValues())
  })

  test.each(scenarioForms)('$example is a scenario, also as a UPI id', ({ example }) => {
    const scenario = parseScenario(example)
    expect(scenario).toBeDefined()
    expect(scenarioOf(attempt({ instruction: { simulate: example } }))).toEqual(scenario)
    expect(scenarioOf(attempt({ instruction: { payerUpiId: upiIdOfScenario(example) } }))).toEqual(scenario)
    expect(scenarioOf(payout('upi', null, upiIdOfScenario(example)))).toEqual(scenario)
  })

  test.each(magicBankAccounts)(
    'an account that ends in $lastFourDigits is $scenario',
    ({ lastFourDigits, scenario }) => {
      const expected = parseScenario(scenario)
      expect(expected).toBeDefined()
      expect(scenarioOf(payout('bank_transfer', `50100${lastFourDigits}`, null))).toEqual(expected)
      expect(scenarioOf(payout('bank_transfer', `GB29 NWBK 6016 1331 ${lastFourDigits}`, null))).toEqual(expected)
    },
  )

  test('each ending and each form stands once, and each kind of scenario has a form', () => {
    expect(new Set(magicBankAccounts.map(({ lastFourDigits }) => lastFourDigits)).size).toBe(magicBankAccounts.length)
    expect(new Set(scenarioForms.map(({ form }) => form)).size).toBe(scenarioForms.length)
    expect(new Set(scenarioForms.map(({ example }) => parseScenario(example)?.kind)).size).toBe(9)
  })

  test('every decline code is on the page', () => {
    for (const code of declineCodes) expect(renderMagicValues()).toContain(`\`${code}\``)
  })
})

describe('which value decides', () => {
  test('nothing special succeeds', () => {
    expect(scenarioOf(attempt({}))).toEqual({ kind: 'succeeded' })
    expect(scenarioOf(attempt({ instruction: { payerUpiId: 'declined@bank' } }))).toEqual({ kind: 'succeeded' })
    expect(scenarioOf(attempt({ instruction: { payerUpiId: 'asha@simulator' } }))).toEqual({ kind: 'succeeded' })
    expect(scenarioOf(payout('bank_transfer', '50100012345678', null))).toEqual({ kind: 'succeeded' })
    expect(scenarioOf(payout('bank_transfer', '2', null))).toEqual({ kind: 'succeeded' })
  })

  test('simulate wins, and a simulate that is no scenario is not passed over', () => {
    const payerUpiId = 'late@simulator'
    expect(scenarioOf(attempt({ instruction: { simulate: 'duplicate', payerUpiId } }))).toEqual({ kind: 'duplicate' })
    expect(scenarioOf(attempt({ instruction: { simulate: 'explode', payerUpiId } }))).toBeUndefined()
    expect(scenarioOf(attempt({ instruction: { simulate: '', payerUpiId } }))).toBeUndefined()
  })

  test('UPI ids are read in either case', () => {
    const instruction = { payerUpiId: 'Declined.Limit_Exceeded@Simulator' }
    expect(scenarioOf(attempt({ instruction }))).toEqual({ kind: 'declined', code: 'limit_exceeded' })
  })

  test('a refund looks at the payer, a payout only at the beneficiary field of its method', () => {
    const instruction = { payerUpiId: 'duplicate@simulator' }
    expect(scenarioOf(attempt({ operation: 'refund', instruction }))).toEqual({ kind: 'duplicate' })
    const both = payout('bank_transfer', '501000008', 'pending@simulator')
    expect(scenarioOf({ ...both, instruction: { payerUpiId: 'late@simulator' } })).toEqual({ kind: 'duplicate' })
    expect(scenarioOf({ ...both, method: 'upi' })).toEqual({ kind: 'pending' })
  })

  test('a payout without the number that its method needs is declined', () => {
    const declined = { kind: 'declined', code: 'invalid_account' }
    expect(scenarioOf(payout('upi', '50100012345678', null))).toEqual(declined)
    expect(scenarioOf(payout('bank_transfer', null, 'asha@bank'))).toEqual(declined)
    expect(scenarioOf(attempt({ operation: 'disburse' }))).toEqual(declined)
  })
})
