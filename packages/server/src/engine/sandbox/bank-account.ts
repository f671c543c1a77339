import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import { defineKind, type FactRef, factByKey, type RevisedRow } from '../commit/kind.ts'

/** A bank account that the sandbox's bank knows: who it belongs to can be asked. Each merchant has its own. */
export interface SandboxBankAccount extends RevisedRow {
  /** The bank's routing code: IFSC, sort code, ABA number. */
  readonly bankCode: string
  readonly accountNumber: string
  /** The holder's name. */
  readonly name: string
  readonly createdAt: Instant
}

/** Bank accounts of the sandbox as a kind. */
export const sandboxBankAccountKind = defineKind<SandboxBankAccount>({
  name: 'sandbox_bank_account',
  table: 'sandbox_bank_accounts',
  order: 52,
  columns: {
    merchantId: 'text',
    mode: 'text',
    bankCode: 'text',
    accountNumber: 'text',
    name: 'text',
    createdAt: 'instant',
    revision: 'integer',
  },
  primaryKey: ['merchantId', 'mode', 'bankCode', 'accountNumber'],
})

/** What names a bank account. */
export interface BankAccountName {
  readonly bankCode: string
  readonly accountNumber: string
}

/** Names a bank account of the merchant's sandbox. */
export function sandboxBankAccountFact(
  scope: Scope,
  { bankCode, accountNumber }: BankAccountName,
): FactRef<SandboxBankAccount> {
  return factByKey(sandboxBankAccountKind, [scope.merchantId, scope.mode, bankCode, accountNumber])
}
