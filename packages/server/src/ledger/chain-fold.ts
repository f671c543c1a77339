import type { Mode } from '../kernel/scope.ts'
import type { Account } from './account.ts'
import { chartLineOf } from './chart.ts'
import type { StoredTransfer } from './ledger-queries.ts'
import { totalsAfter } from './posting.ts'
import { chainStart, transferHash } from './transfer.ts'

/** What kind of fault was found: in the chain, in what the accounts say of it, or in what the objects say. */
export type LedgerFault =
  | 'gap'
  | 'hash'
  | 'balance_after'
  | 'reservation'
  | 'chart'
  | 'account'
  | 'journal'
  | 'currency_sum'
  | 'unexplained'

/** One fault, and where it lies. */
export interface LedgerFinding {
  readonly fault: LedgerFault
  readonly merchantId: string
  readonly mode: Mode
  /** The transfer at fault, where the fault lies in one. */
  readonly transferNumber: bigint | null
  /** The account (`code currency`) or the object (`kind id`) at fault, where it lies there. */
  readonly at: string | null
  /** A sentence that says what differs from what. */
  readonly message: string
}

/** Takes findings; the fold itself keeps none. */
export type Report = (finding: Pick<LedgerFinding, 'fault' | 'transferNumber' | 'at' | 'message'>) => void

interface FoldedAccount {
  debitsPosted: bigint
  creditsPosted: bigint
  debitsPending: bigint
  creditsPending: bigint
  lastTransfer: bigint
  /** By how much the rows' stated balances differ from the folded ones: a fault is told where this changes, not after. */
  postedOff: bigint
  pendingOff: bigint
}

interface OpenReservation {
  readonly debit: string
  readonly credit: string
  readonly amountMinor: bigint
}

/** The history of one merchant and mode, folded transfer by transfer. Holds its accounts and open reservations, no history. */
export interface ChainFold {
  /** Takes the next transfer of the chain and reports what is wrong with it. */
  take(transfer: StoredTransfer): void
  /** Holds what is stored now against the history that was taken. */
  finish(accounts: readonly Account[], journal: { transferNumber: bigint; chainHash: string } | undefined): void
}

const zero = () => ({
  ...{ debitsPosted: 0n, creditsPosted: 0n, debitsPending: 0n, creditsPending: 0n },
  ...{ lastTransfer: 0n, postedOff: 0n, pendingOff: 0n },
})

/** Begins a chain. */
export function createChainFold(report: Report): ChainFold {
  const accounts = new Map<string, FoldedAccount>()
  const open = new Map<string, OpenReservation>()
  const chain = createChain(report)
  return {
    take: (transfer) => {
      chain.take(transfer)
      foldSide(accounts, transfer, 'debit', report)
      foldSide(accounts, transfer, 'credit', report)
      foldReservation(open, transfer, report)
    },
    finish: (stored, journal) => {
      chain.finish(journal)
      compareAccounts(accounts, stored, report)
      compareReservations(open, stored, report)
      compareCurrencies(stored, report)
    },
  }
}

/** The numbers and hashes of a chain. */
function createChain(report: Report) {
  let last = 0n
  let end = chainStart
  /** After a link that does not fit: the hash that its content has. The next link tells whether content or hash was altered. */
  let other: string | undefined
  return {
    take: (transfer: StoredTransfer) => {
      const { number } = transfer
      const missing = number - last - 1n
      const hash = transferHash(end, transfer)
      if (missing > 0n) {
        const lost = missing === 1n ? `transfer ${last + 1n} is` : `transfers ${last + 1n} to ${number - 1n} are`
        report({ fault: 'gap', transferNumber: last + 1n, at: null, message: `The ${lost} missing from the chain.` })
        other = undefined
      } else {
        const fits = hash === transfer.hash || (other !== undefined && transferHash(other, transfer) === transfer.hash)
        other = fits ? undefined : hash
        if (!fits || !transfer.isWholeMilliseconds) {
          const message = `The hash of transfer ${number} does not fit its content and the transfer before it.`
          report({ fault: 'hash', transferNumber: number, at: null, message })
        }
      }
      last = number
      end = transfer.hash
    },
    finish: (journal: { transferNumber: bigint; chainHash: string } | undefined) => {
      const { transferNumber = 0n, chainHash = chainStart } = journal ?? {}
      if (transferNumber !== last) {
        const message = `The journal ends at transfer ${transferNumber}, the chain at ${last}.`
        report({ fault: 'journal', transferNumber: transferNumber > last ? last + 1n : last, at: null, message })
      } else if (chainHash !== end && chainHash !== other) {
        const message = `The journal's last hash is not that of transfer ${last}.`
        report({ fault: 'journal', transferNumber: last, at: null, message })
      }
    },
  }
}

function foldSide(
  accounts: Map<string, FoldedAccount>,
  transfer: StoredTransfer,
  side: 'debit' | 'credit',
  report: Report,
): void {
  const isDebit = side === 'debit'
  const at = `${isDebit ? transfer.debitCode : transfer.creditCode} ${transfer.currency}`
  const before = accounts.get(at) ?? zero()
  const totals = totalsAfter(before, side, transfer.type, transfer.amountMinor)
  const posted = totals.creditsPosted - totals.debitsPosted
  const pending = totals.creditsPending - totals.debitsPending
  const postedOff = (isDebit ? transfer.debitPostedAfter : transfer.creditPostedAfter) - posted
  const pendingOff = (isDebit ? transfer.debitPendingAfter : transfer.creditPendingAfter) - pending
  const isNew = postedOff !== before.postedOff || pendingOff !== before.pendingOff
  if (isNew && (postedOff !== 0n || pendingOff !== 0n)) {
    const stated = `posted ${posted + postedOff}, pending ${pending + pendingOff}`
    const message = `After transfer ${transfer.number} ${at} should stand at posted ${posted}, pending ${pending}; the row says ${stated}.`
    report({ fault: 'balance_after', transferNumber: transfer.number, at, message })
  }
  accounts.set(at, { ...totals, lastTransfer: transfer.number, postedOff, pendingOff })
}

function foldReservation(open: Map<string, OpenReservation>, transfer: StoredTransfer, report: Report): void {
  const { reservation, resolves, number, amountMinor } = transfer
  const debit = `${transfer.debitCode} ${transfer.currency}`
  const credit = `${transfer.creditCode} ${transfer.currency}`
  if (reservation !== null) open.set(reservation, { debit, credit, amountMinor })
  if (resolves === null) return
  const held = open.get(resolves)
  open.delete(resolves)
  if (held?.debit === debit && held.credit === credit && held.amountMinor === amountMinor) return
  const message = held
    ? `Transfer ${number} resolves the reservation ${resolves} with other accounts or another amount than it holds.`
    : `Transfer ${number} resolves the reservation ${resolves}, which is not open.`
  report({ fault: 'reservation', transferNumber: number, at: null, message })
}

function compareAccounts(folded: ReadonlyMap<string, FoldedAccount>, stored: readonly Account[], report: Report): void {
  const names = ['debitsPosted', 'creditsPosted', 'debitsPending', 'creditsPending', 'lastTransfer'] as const
  const seen = new Set<string>()
  for (const account of stored) {
    const at = `${account.code} ${account.currency}`
    seen.add(at)
    const history = folded.get(at) ?? zero()
    const differs = names.filter((name) => account[name] !== history[name])
    if (differs.length > 0) {
      const message = differs.map((name) => `${name} is ${account[name]} and should be ${history[name]}`).join(', ')
      report({ fault: 'account', transferNumber: null, at, message: `${at}: ${message}.` })
    }
    if (!fitsChart(account)) {
      report({ fault: 'chart', transferNumber: null, at, message: `${at} is not as the chart of accounts says.` })
    }
  }
  for (const at of folded.keys()) {
    if (!seen.has(at))
      report({ fault: 'account', transferNumber: null, at, message: `${at} has a history and no row.` })
  }
}

function fitsChart(account: Account): boolean {
  try {
    const { side, bounded } = chartLineOf(account.code)
    return account.side === side && account.bounded === bounded
  } catch {
    return false
  }
}

function compareReservations(
  open: ReadonlyMap<string, OpenReservation>,
  stored: readonly Account[],
  report: Report,
): void {
  const debits = new Map<string, bigint>()
  const credits = new Map<string, bigint>()
  for (const { debit, credit, amountMinor } of open.values()) {
    debits.set(debit, (debits.get(debit) ?? 0n) + amountMinor)
    credits.set(credit, (credits.get(credit) ?? 0n) + amountMinor)
  }
  for (const account of stored) {
    const at = `${account.code} ${account.currency}`
    const held = [debits.get(at) ?? 0n, credits.get(at) ?? 0n] as const
    if (held[0] === account.debitsPending && held[1] === account.creditsPending) continue
    const message = `${at} holds ${account.debitsPending} and ${account.creditsPending} pending (debits, credits); its open reservations sum to ${held[0]} and ${held[1]}.`
    report({ fault: 'reservation', transferNumber: null, at, message })
  }
}

function compareCurrencies(stored: readonly Account[], report: Report): void {
  const sums = new Map<string, bigint>()
  for (const account of stored) {
    const posted = account.creditsPosted - account.debitsPosted
    const pending = account.creditsPending - account.debitsPending
    const { currency } = account
    sums.set(`posted ${currency}`, (sums.get(`posted ${currency}`) ?? 0n) + posted)
    sums.set(`pending ${currency}`, (sums.get(`pending ${currency}`) ?? 0n) + pending)
  }
  for (const [what, sum] of sums) {
    if (sum === 0n) continue
    const message = `All accounts together should stand at zero: ${what} stands at ${sum}.`
    report({ fault: 'currency_sum', transferNumber: null, at: what, message })
  }
}
