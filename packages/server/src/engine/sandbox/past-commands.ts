import type { Money } from '../../kernel/money.ts'
import type { Scope } from '../../kernel/scope.ts'
import { clearingCode } from '../../ledger/chart.ts'
import { merchantFact, refusalOf } from '../access/merchant.ts'
import { insert, postUnlessZero } from '../commit/changes.ts'
import { accept, defineCommand, present, refuse } from '../commit/command.ts'
import { accountFact } from '../commit/ledger-kinds.ts'
import { type CustomerDetails, customerByReferenceFact, customerKind, newCustomer } from '../customers/customer.ts'
import {
  type BankAccountName,
  type SandboxBankAccount,
  sandboxBankAccountFact,
  sandboxBankAccountKind,
} from './bank-account.ts'

/** The rail whose clearing account opening balances come from: what stood there before the books began. */
const openingRail = 'opening'

/** What a merchant has from before the books began. */
export interface OpenBalance {
  readonly scope: Scope
  readonly amount: Money
}

/** Gives a merchant an opening balance: a transfer and nothing else. */
export const openBalance = defineCommand({
  name: 'open_balance',
  facts: (c: OpenBalance) => ({
    merchant: merchantFact(c.scope),
    opening: accountFact(c.scope, clearingCode(openingRail), c.amount.currency),
    available: accountFact(c.scope, 'available', c.amount.currency),
  }),
  decide({ merchant, opening, available }, c) {
    const refused = refusalOf(merchant)
    if (refused) return refused
    const origin = { reason: 'opening_balance', subject: { kind: 'merchant', id: c.scope.merchantId } } as const
    const from = present(opening, 'opening')
    return accept(c.amount, postUnlessZero(from, present(available, 'available'), c.amount, origin))
  },
})

/** A customer with a past. */
export interface AddPastCustomer {
  readonly scope: Scope
  readonly customer: CustomerDetails
}

/** Adds a customer as of the fixture's time. Refuses a reference that is taken. */
export const addPastCustomer = defineCommand({
  name: 'add_past_customer',
  facts: (c: AddPastCustomer) => ({ same: customerByReferenceFact(c.scope, c.customer.reference) }),
  decide({ same }, c, ctx) {
    if (same) {
      return refuse('conflict', 'reference_already_used', {
        field: 'reference',
        message: 'A customer with this reference exists already.',
      })
    }
    const added = newCustomer(c.customer, ctx)
    return accept(added, [insert(customerKind, added)])
  },
})

/** A bank account that is to resolve. */
export interface AddSandboxBankAccount {
  readonly scope: Scope
  readonly account: BankAccountName & { readonly name: string }
}

/** Makes a bank account known to the merchant's sandbox. Refuses one that is known. */
export const addSandboxBankAccount = defineCommand({
  name: 'add_sandbox_bank_account',
  facts: (c: AddSandboxBankAccount) => ({ same: sandboxBankAccountFact(c.scope, c.account) }),
  decide({ same }, { account: { bankCode, accountNumber, name } }, ctx) {
    if (same) {
      return refuse('conflict', 'bank_account_exists', { message: 'This bank account is known already.' })
    }
    const account: SandboxBankAccount = {
      ...ctx.scope,
      ...{ bankCode, accountNumber, name, createdAt: ctx.now, revision: 0 },
    }
    return accept(account, [insert(sandboxBankAccountKind, account)])
  },
})
