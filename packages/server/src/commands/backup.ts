import type { Command } from 'commander'
import { writeBackup } from '../platform/backup.ts'
import { act, jsonOption, withExamples } from './command-action.ts'
import { printJson, printLine, printNote, withProgress } from './command-output.ts'
import { findMasterKey } from './master-key.ts'
import { requireSchema, withOperatorDatabase } from './open-engine.ts'

/** `paylect backup FILE`. */
export function registerBackup(program: Command): void {
  const backup = program
    .command('backup')
    .description('Write everything, as it stands at one moment, to an archive; the gateway may run.')
    .argument('<file>', 'the archive to write; it must not exist')
    .addOption(jsonOption())
    .action(async (path: string, options: { json?: boolean }) => act(() => runBackup(path, options.json ?? false)))
  withExamples(backup, 'paylect backup /var/backups/paylect-monday.gz')
}

async function runBackup(path: string, asJson: boolean): Promise<void> {
  const summary = await withOperatorDatabase(async ({ config, database, url }) => {
    await requireSchema(database)
    let current = 'begun'
    const write = () =>
      writeBackup({
        url,
        path,
        onTable: (name) => {
          current = name
        },
      })
    const written = await withProgress('Writing the backup', write, () => current)
    const keyIsInFile = config.masterKey === undefined && (await findMasterKey(config)) !== undefined
    return { ...written, keyIsInFile, dataDirectory: config.dataDirectory }
  })
  const { tables, rows, createdAt, keyIsInFile, dataDirectory } = summary
  if (asJson) printJson({ path, tables, rows, createdAt })
  else printLine(`Wrote ${rows} rows of ${tables} tables to ${path}.`)
  const place = keyIsInFile ? `${dataDirectory}/master.key` : 'the master key'
  printNote(`The archive does not hold the master key. Keep ${place} too, in another place.`)
}
