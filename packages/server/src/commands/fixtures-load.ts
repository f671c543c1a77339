import type { Command } from 'commander'
import type { Config } from '../config.ts'
import type { Dialect } from '../dialects/dialect.ts'
import type { Engine } from '../engine/index.ts'
import { type LoadedFixtures, loadFixtures } from '../fixtures/load-fixtures.ts'
import { assertDeliverableUrl } from '../platform/http-client.ts'
import type { Vault } from '../platform/vault.ts'
import { act, jsonOption, withExamples } from './command-action.ts'
import { printJson, tableText, withProgress } from './command-output.ts'
import { withOperatorEngine } from './open-engine.ts'

/** The rail that every payment of a sandbox goes through. */
const sandboxRail = 'simulator'

/** `paylect fixtures`: what a sandbox knows before the first call is made. */
export function registerFixtures(program: Command): void {
  const fixtures = program.command('fixtures').description('Give a sandbox merchants with a past.')
  const load = fixtures
    .command('load')
    .description('Load a fixture file into the sandbox, all of it or nothing; also while the gateway runs.')
    .argument('<file>', 'JSON with comments, as docs/fixtures.md explains')
    .addOption(jsonOption())
    .action(async (file: string, options: { json?: boolean }) =>
      act(() => runFixturesLoad(file, options.json ?? false)),
    )
  withExamples(load, 'paylect fixtures load docs/fixtures.example.jsonc')
  withExamples(fixtures, 'paylect fixtures load docs/fixtures.example.jsonc')
}

async function runFixturesLoad(file: string, asJson: boolean): Promise<void> {
  await withOperatorEngine(async ({ config, engine, dialects, vault }) => {
    const gateway = { engine, dialects, vault: await vault() }
    const loaded = await withProgress('Loading', () => loadFixturesInto(gateway, config, file))
    if (asJson) printJson(loaded)
    else process.stdout.write(`${fixturesText(loaded).join('\n')}\n`)
  })
}

interface LoadingGateway {
  readonly engine: Engine
  readonly dialects: readonly Dialect[]
  readonly vault: Vault
}

/** Loads a fixture file for `paylect start` and says on standard output what came of it. */
export async function printLoadedFixtures(gateway: LoadingGateway, config: Config, file: string): Promise<void> {
  process.stdout.write(`\n${fixturesText(await loadFixturesInto(gateway, config, file)).join('\n')}\n`)
}

/** Loads a fixture file into a gateway's sandbox. Throws a `FixtureError` whose message names every place at fault. */
function loadFixturesInto(
  { engine, dialects, vault }: LoadingGateway,
  { webhookNetworks }: Pick<Config, 'webhookNetworks'>,
  file: string,
): Promise<LoadedFixtures> {
  const policy = { allowLoopback: true, allowCidrs: webhookNetworks }
  const assertUrl = (url: string) => {
    assertDeliverableUrl(url, policy)
  }
  return loadFixtures({ engine, dialects, vault, rail: sandboxRail, assertUrl }, file)
}

/** What was loaded, in lines for people. Credentials that were made stand below: they cannot be shown again. */
function fixturesText(report: LoadedFixtures): string[] {
  const merchants = report.merchants.map(({ id, name }) => `  ${name}  ${id}`)
  if (!report.loaded) return ['These fixtures are already loaded; nothing was changed.', ...merchants]
  const counts = [
    counted(report.payments, 'payment'),
    counted(report.refunds, 'refund'),
    counted(report.payouts, 'payout'),
    counted(report.customers, 'customer'),
    counted(report.bankAccounts, 'bank account'),
  ]
  const head = [`Loaded ${counted(report.merchants.length, 'merchant')} with ${counts.join(', ')}:`, ...merchants]
  if (report.issued.length === 0) return head
  const rows = report.issued.map(({ merchantId, dialect, kind, value }) => [merchantId, dialect, kind, value])
  const columns = ['MERCHANT', 'DIALECT', 'KIND', 'VALUE'].map((title) => ({ title }))
  return [...head, '', 'Made for you, and shown only now:', '', tableText(columns, rows).trimEnd()]
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
