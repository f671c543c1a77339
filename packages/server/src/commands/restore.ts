import type { Command } from 'commander'
import type pg from 'pg'
import { type Config, readConfig } from '../config.ts'
import { verifyLedgerWithin } from '../ledger/verify-ledger.ts'
import type { ArchiveSummary } from '../platform/backup.ts'
import { installJobSchema } from '../platform/job-schema.ts'
import { createLog } from '../platform/log.ts'
import { migrate } from '../platform/migrations.ts'
import { restoreBackup } from '../platform/restore.ts'
import { act, jsonOption, withExamples } from './command-action.ts'
import { printJson, printLine, printNote, withProgress } from './command-output.ts'
import { findMasterKey, type MasterKeyState, tryMasterKey } from './master-key.ts'
import { openDatabase } from './open-database.ts'

/** `paylect restore FILE`. */
export function registerRestore(program: Command): void {
  const restore = program
    .command('restore')
    .description('Put a backup back into an empty database, and prove the ledger before it counts.')
    .argument('<file>', 'an archive of "paylect backup"')
    .addOption(jsonOption())
    .action(async (path: string, options: { json?: boolean }) => act(() => runRestore(path, options.json ?? false)))
  withExamples(restore, 'PAYLECT_DATA=/var/lib/paylect-new paylect restore /var/backups/monday.gz')
}

const findingsShown = 5

const keyNotes: Readonly<Record<MasterKeyState | 'missing', string | undefined>> = {
  opens: undefined,
  untried: undefined,
  wrong:
    'The master key here is not the one of this backup: webhook secrets cannot be opened with it. Put the old key into ' +
    'its place before you start, or see "A lost master key" in docs/OPERATIONS.md.',
  missing:
    'There is no master key here. Put the one of this backup into the data directory (master.key), or name it with ' +
    'PAYLECT_MASTER_KEY_FILE, before you start: a start would make a new one, which opens no webhook secret.',
}

async function runRestore(path: string, asJson: boolean): Promise<void> {
  const config = readConfig()
  const opened = await openDatabase(config, createLog({ level: config.logLevel }))
  try {
    await migrate(opened.url)
    await installJobSchema(opened.url)
    let current = 'begun'
    let key: MasterKeyState | 'missing' = 'missing'
    const restore = () =>
      restoreBackup({
        url: opened.url,
        path,
        onTable: (name) => {
          current = name
        },
        prove: async (client) => {
          current = 'proving the ledger'
          await requireProof(client)
          key = await stateOfKey(config, client)
        },
      })
    const summary = await withProgress('Restoring', restore, () => current)
    report(path, summary, asJson)
    const note = keyNotes[key]
    if (note !== undefined) printNote(note)
  } finally {
    await opened.close()
  }
}

async function requireProof(client: pg.ClientBase): Promise<void> {
  const { findings, findingsTotal } = await verifyLedgerWithin(client, {})
  if (findingsTotal === 0) return
  const lines = findings
    .slice(0, findingsShown)
    .map(({ merchantId, mode, message }) => `  ${merchantId} ${mode}: ${message}`)
  throw new Error(
    `The ledger of the archive does not verify (findings: ${findingsTotal}). Nothing was restored.\n${lines.join('\n')}`,
  )
}

async function stateOfKey(config: Config, client: pg.ClientBase): Promise<MasterKeyState | 'missing'> {
  const masterKey = await findMasterKey(config)
  return masterKey === undefined ? 'missing' : tryMasterKey(client, masterKey)
}

function report(path: string, { tables, rows, createdAt }: ArchiveSummary, asJson: boolean): void {
  if (asJson) printJson({ path, tables, rows, createdAt })
  else printLine(`Restored ${rows} rows of ${tables} tables, as of ${createdAt}. The ledger verifies.`)
}
