import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { say } from './bench-run.ts'
import { type Figure, figureOf, type Round } from './figures.ts'
import { type PaymentBench, runLoad } from './payment-bench.ts'
import { databaseUrl } from './payment-stage.ts'

const peerDirectory = join(import.meta.dirname, '../../../tools/medusa')
const connections = 32
const peerDatabase = 'medusa_peer'
const installAdvice =
  'The peer is not installed. It is a package of its own: npm ci --ignore-scripts --prefix tools/medusa'
/** Migrations come before the measurement. */
const peerGraceMs = 120_000

interface PeerOutput {
  readonly payments: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * Our whole payment over HTTP beside the payment module of Medusa (collection, session, authorise, capture with its own
 * system provider; no HTTP, no ledger, no webhook), both at 32 at once on the same PostgreSQL.
 */
export async function measurePeer(bench: PaymentBench): Promise<Figure> {
  if (!existsSync(join(peerDirectory, 'node_modules'))) throw new Error(installAdvice)
  const { stage, settings } = bench
  await stage.pool.query(`create database ${peerDatabase}`)
  const rounds: Round[] = []
  try {
    for (let round = 1; round <= settings.rounds; round += 1) {
      say(`round ${round} of ${settings.rounds}: peer_medusa`)
      const ours = await runLoad(bench, { name: 'peer_medusa', connections, merchants: 'waiting' }, settings.seconds)
      const peer = await runPeer(databaseUrl(stage.url, peerDatabase), settings.seconds)
      const detail = { peerP50Ms: peer.p50Ms, peerP99Ms: peer.p99Ms, peerPayments: peer.payments }
      rounds.push({ value: ours.perSecond, floor: peer.perSecond, p50Ms: ours.p50Ms, p99Ms: ours.p99Ms, detail })
    }
  } finally {
    await stage.pool.query(`drop database if exists ${peerDatabase} with (force)`)
  }
  return figureOf({ name: 'peer_medusa', unit: 'payments/s', floorName: 'medusa_payment_module_c32' }, rounds)
}

/** The peer's log goes to nobody unless it fails. */
async function runPeer(url: string, seconds: number): Promise<PeerOutput> {
  const input = JSON.stringify({ url, seconds, connections })
  const stdio = ['ignore', 'pipe', 'pipe'] as const
  const environment = { ...process.env, MEDUSA_DISABLE_TELEMETRY: 'true' }
  const child = spawn(process.execPath, ['payments.js', input], {
    cwd: peerDirectory,
    stdio: [...stdio],
    env: environment,
  })
  let output = ''
  const collect = (chunk: Buffer) => {
    output += chunk.toString('utf8')
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 + peerGraceMs)
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  const line = output.split('\n').findLast((text) => text.startsWith('{"payments"'))
  if (code !== 0 || line === undefined) throw new Error(`the peer ended with ${code}:\n${output}`)
  return JSON.parse(line) as PeerOutput
}
