import { readConfig } from '../config.ts'
import { installJobSchema } from '../platform/job-schema.ts'
import { createLog } from '../platform/log.ts'
import { migrate } from '../platform/migrations.ts'
import { printJson, printLine, withProgress } from './command-output.ts'
import { openDatabase } from './open-database.ts'

/** `paylect migrate`: brings the database to the newest schema and says what it did. */
export async function runMigrate(asJson: boolean): Promise<void> {
  const config = readConfig()
  const opened = await openDatabase(config, createLog({ level: config.logLevel }))
  try {
    const { applied } = await withProgress('Migrating', async () => {
      const migrated = await migrate(opened.url)
      await installJobSchema(opened.url)
      return migrated
    })
    if (asJson) printJson({ applied })
    else printLine(applied.length === 0 ? 'The schema is up to date.' : `Applied: ${applied.join(', ')}`)
  } finally {
    await opened.close()
  }
}
