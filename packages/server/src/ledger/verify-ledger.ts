/*
 * The proof of the ledger: reads every transfer in the order of the chains, folds all accounts again and holds what is
 * stored against it. It reads one snapshot, so it may run beside the gateway, and keeps one page and one merchant's
 * accounts in memory, however long the history is.
 */
import type pg from 'pg'
import type { Mode } from '../kernel/scope.ts'
import { type ChainFold, createChainFold, type LedgerFinding } from './chain-fold.ts'
import {
  explainedKinds,
  firstCursor,
  type LedgerReader,
  readAccounts,
  readJournalEnd,
  readScopesWithoutTransfers,
  readTransferPage,
  readUnexplainedObjects,
  readUnexplainedRefundSums,
  type StoredTransfer,
  type TransferCursor,
} from './ledger-queries.ts'

/** What is verified, and who hears how it goes. */
export interface VerifyLedgerOptions {
  /** Connections of `platform/database.ts`: values must arrive as it says. One of them is used. */
  readonly pool: pg.Pool
  /** Told after every page how many transfers were read so far. */
  readonly onProgress?: (transfers: number) => void
  /** Only this merchant, in both modes; without it, every merchant. */
  readonly merchantId?: string
}

/** What was read and what is wrong. The ledger is proven when `findingsTotal` is zero. */
export interface LedgerReport {
  readonly transfers: number
  readonly accounts: number
  /** Chains: one for each merchant and mode that has one. */
  readonly chains: number
  /** The first `findingsMax` faults, chain by chain. */
  readonly findings: readonly LedgerFinding[]
  readonly findingsTotal: number
}

/** The most faults that a report carries; all are counted. */
const findingsMax = 1_000

const pageTransfers = 2_000

interface Proof {
  readonly reader: LedgerReader
  readonly merchantId: string | null
  readonly onProgress: (transfers: number) => void
  readonly found: LedgerFinding[]
  total: number
  transfers: number
  accounts: number
  chains: number
}

/**
 * Proves the ledger, or says where it is wrong: chains without gaps whose hashes fit, balances after each transfer,
 * accounts, journals and open reservations as the history has them, every currency at zero, and each payment's, refund's
 * and payout's money explained by its transfers. Reads only; throws when the database fails.
 */
export async function verifyLedger({ pool, onProgress, merchantId }: VerifyLedgerOptions): Promise<LedgerReport> {
  const client = await pool.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    return await verifyLedgerWithin(client, { ...(onProgress && { onProgress }), ...(merchantId && { merchantId }) })
  } finally {
    // The connection goes back clean, or not at all.
    await client.query('rollback').then(
      () => client.release(),
      (error: Error) => client.release(error),
    )
  }
}

/** The same proof within a transaction that the caller has begun, with isolation of repeatable read or more, and ends. */
export async function verifyLedgerWithin(
  reader: LedgerReader,
  { onProgress, merchantId }: Omit<VerifyLedgerOptions, 'pool'>,
): Promise<LedgerReport> {
  const proof: Proof = {
    ...{ reader, merchantId: merchantId ?? null, onProgress: onProgress ?? (() => {}) },
    ...{ found: [], total: 0, transfers: 0, accounts: 0, chains: 0 },
  }
  await proveChains(proof)
  await proveScopesWithoutTransfers(proof)
  await proveObjects(proof)
  const { found, total, transfers, accounts, chains } = proof
  return { transfers, accounts, chains, findings: found, findingsTotal: total }
}

async function proveChains(proof: Proof): Promise<void> {
  const fetch = (after: TransferCursor) => {
    const page = readTransferPage(proof.reader, proof.merchantId, after, pageTransfers)
    // It is awaited a page later; until then its failure is nobody's yet.
    page.catch(() => {})
    return page
  }
  let current: { scope: Scope; fold: ChainFold } | undefined
  let coming = fetch(firstCursor)
  for (;;) {
    const page = await coming
    const last = page.at(-1)
    // The server prepares the next page while this one is folded.
    if (last) coming = fetch(last)
    for (const transfer of page) {
      if (!current || !isOf(current.scope, transfer)) {
        if (current) await finishChain(proof, current.scope, current.fold)
        current = beginChain(proof, transfer)
      }
      current.fold.take(transfer)
    }
    proof.transfers += page.length
    proof.onProgress(proof.transfers)
    if (!last) break
  }
  if (current) await finishChain(proof, current.scope, current.fold)
}

interface Scope {
  readonly merchantId: string
  readonly mode: Mode
}

function isOf(scope: Scope, transfer: StoredTransfer): boolean {
  return transfer.merchantId === scope.merchantId && transfer.mode === scope.mode
}

function beginChain(proof: Proof, { merchantId, mode }: Scope): { scope: Scope; fold: ChainFold } {
  proof.chains += 1
  return {
    scope: { merchantId, mode },
    fold: createChainFold((finding) => add(proof, { merchantId, mode, ...finding })),
  }
}

async function finishChain(proof: Proof, { merchantId, mode }: Scope, fold: ChainFold): Promise<void> {
  const accounts = await readAccounts(proof.reader, merchantId, mode)
  proof.accounts += accounts.length
  fold.finish(accounts, await readJournalEnd(proof.reader, merchantId, mode))
}

/** Accounts and journals without any transfer belong to a chain that was removed whole. */
async function proveScopesWithoutTransfers(proof: Proof): Promise<void> {
  const scopes = await readScopesWithoutTransfers(proof.reader, proof.merchantId, findingsMax)
  for (const scope of scopes) await finishChain(proof, scope, beginChain(proof, scope).fold)
}

async function proveObjects(proof: Proof): Promise<void> {
  const unexplained = (kind: string, objects: Awaited<ReturnType<typeof readUnexplainedObjects>>) => {
    for (const { merchantId, mode, id, differs } of objects) {
      const at = `${kind} ${id}`
      const message = `${at}: ${differs.join(', ')}.`
      add(proof, { fault: 'unexplained', merchantId, mode, transferNumber: null, at, message })
    }
  }
  for (const kind of explainedKinds) {
    unexplained(kind, await readUnexplainedObjects(proof.reader, kind, proof.merchantId, findingsMax))
  }
  unexplained('payment', await readUnexplainedRefundSums(proof.reader, proof.merchantId, findingsMax))
}

function add(proof: Proof, finding: LedgerFinding): void {
  proof.total += 1
  if (proof.found.length < findingsMax) proof.found.push(finding)
}
