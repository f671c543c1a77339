import { readConfig } from '../config.ts'
import { installJobSchema } from '../platform/job-schema.ts'
import { createLog } from '../platform/log.ts'
import { migrate } from '../platform/migrations.ts'
import { openDatabase } from './open-database.ts'

/** `paylect migrate`: brings the database to the newest schema and says what it did. */
export async function runMigrate(): Promise<void> {
  const config = readConfig()
  const opened = await openDatabase(config, createLog({ level: config.logLevel }))
  try {
    const { applied } = await migrate(opened.url)
    await installJobSchema(opened.url)
    const what = applied.length === 0 ? 'The schema is up to date.' : `Applied: ${applied.join(', ')}`
    process.stdout.write(`${what}\n`)
  } finally {
    await opened.close()
  }
}
