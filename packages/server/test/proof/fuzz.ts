/*
 * Sends requests to every operation of every dialect, made from their published contracts, valid and invalid mixed, to a
 * gateway in this process on a database of its own, over sockets. Fails for an answer that is a failure of ours, does not
 * come, is not what the contract tells, or is a refusal that changed anything; each with the smallest request that shows it.
 *
 *   npm run fuzz -- [--requests 20000] [--seed N] [--only payments.create] [--json]
 *
 * The same seed makes the same requests for the same answers. Ids are new in every run.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openDataDirectory } from '../../src/platform/data-directory.ts'
import { startEmbeddedDatabase } from '../../src/platform/embedded-database.ts'
import { installJobSchema } from '../../src/platform/job-schema.ts'
import { migrate } from '../../src/platform/migrations.ts'
import { publishedDialects } from '../docs/render-openapi.ts'
import { openDialectGateway } from '../support/dialect-gateway.ts'
import { type FuzzReport, runFuzz } from './fuzz-run.ts'

const requestsMax = 1_000_000
const seedMax = 2 ** 31 - 1
const gapsShownMax = 40
/** From here on every operation must have been served once; a shorter run only tells which were not. */
const longRunRequests = 5_000
/** Operations that no run can serve, each with the reason. */
const neverServed: Readonly<Record<string, string>> = {}

function readSettings() {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '20000' },
      seed: { type: 'string', default: String(randomInt(seedMax)) },
      only: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
    },
  })
  return {
    json: values.json,
    only: values.only,
    requests: wholeNumber('--requests', values.requests, requestsMax),
    seed: wholeNumber('--seed', values.seed, seedMax),
  }
}

function wholeNumber(name: string, text: string, max: number): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number > max) throw new Error(`${name} must be a whole number from 0 to ${max}`)
  return number
}

async function onOwnDatabase<Result>(use: (url: string) => Promise<Result>): Promise<Result> {
  const parent = await mkdtemp(join(tmpdir(), 'paylect-fuzz-'))
  try {
    const directory = await openDataDirectory(join(parent, 'data'))
    const database = await startEmbeddedDatabase({
      directory: directory.file('postgresql'),
      password: randomBytes(16).toString('hex'),
      // Nothing of the run outlives it, and no check of it is about the disk.
      settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
    })
    try {
      await migrate(database.url)
      await installJobSchema(database.url)
      return await use(database.url)
    } finally {
      await database.stop()
    }
  } finally {
    await rm(parent, { recursive: true, force: true })
  }
}

function shown(report: FuzzReport): string {
  const { seen, documented } = report.reached
  const answers = Object.entries(report.statuses).map(([status, count]) => `${status}: ${count}`)
  const findings = report.findings.flatMap(({ check, detail, operation, mutations, curl, index }) => [
    '',
    `${check} (request ${index}, ${operation}, ${mutations.join(' and ') || 'valid'})`,
    `  ${detail}`,
    `  ${curl}`,
  ])
  return [
    `${report.requests} requests to ${report.operations} operations with seed ${report.seed} in ${report.durationMs} ms`,
    `answers: ${answers.join(', ')}; the slowest took ${report.slowestMs} ms`,
    `reached ${seen} of ${documented} documented outcomes; ${report.untouched} refusals and reads began no write at all`,
    `never served: ${report.unserved.join(', ') || 'none'}`,
    `never refused so: ${report.gaps.slice(0, gapsShownMax).join(', ') || 'none'}`,
    `ledger: ${report.ledgerFindings} findings, sums ${JSON.stringify(report.ledgerSums)}`,
    `findings: ${report.findings.length}`,
    ...findings,
    '',
  ].join('\n')
}

const { json, only, requests, seed } = readSettings()
const report = await onOwnDatabase(async (url) => {
  const gateway = await openDialectGateway(publishedDialects, { databaseUrl: url })
  try {
    return await runFuzz({
      gateway,
      seed,
      requests,
      only,
      onProgress: (done, found) => process.stderr.write(`${done} of ${requests} requests, ${found} findings\n`),
    })
  } finally {
    await gateway.close()
  }
})
process.stdout.write(json ? `${JSON.stringify(report)}\n` : shown(report))
const missed = requests < longRunRequests ? [] : report.unserved.filter((name) => !Object.hasOwn(neverServed, name))
if (report.findings.length + missed.length + report.ledgerFindings > 0) process.exitCode = 1
