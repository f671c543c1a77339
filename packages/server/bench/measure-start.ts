import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDataDirectory } from '../src/platform/data-directory.ts'
import { startEmbeddedDatabase } from '../src/platform/embedded-database.ts'
import { type GatewayProcess, makeDataDirectory, startGatewayProcess } from '../test/support/gateway-process.ts'
import { type BenchSettings, say } from './bench-run.ts'
import { type Figure, figureOf, type Round } from './figures.ts'

const environment = { PAYLECT_METRICS_ENABLED: 'false' }

/** From the start of the process to the first payment that is acknowledged: with nothing on disk, and the second time. */
export async function measureStart({ rounds }: BenchSettings): Promise<Figure[]> {
  const cold: Round[] = []
  const warm: Round[] = []
  for (let round = 1; round <= rounds; round += 1) {
    say(`round ${round} of ${rounds}: start_cold, start_warm`)
    const floor = await databaseStarts()
    const directory = await makeDataDirectory()
    try {
      cold.push({ ...(await startAndPay(directory.path)), floor: floor.cold })
      warm.push({ ...(await startAndPay(directory.path)), floor: floor.warm })
    } finally {
      await directory.remove()
    }
  }
  return [
    figureOf({ name: 'start_cold', unit: 's', floorName: 'bare_initdb_and_start_s' }, cold),
    figureOf({ name: 'start_warm', unit: 's', floorName: 'bare_start_s' }, warm),
  ]
}

async function startAndPay(dataDirectory: string): Promise<Pick<Round, 'value' | 'detail'>> {
  const startedAt = performance.now()
  const gateway = await startGatewayProcess({ dataDirectory, environment })
  try {
    await pay(gateway)
    const value = (performance.now() - startedAt) / 1000
    return { value, detail: { readySeconds: gateway.readyAfterMs / 1000 } }
  } finally {
    await gateway.stop()
  }
}

async function pay({ sandbox }: GatewayProcess): Promise<void> {
  const answer = await fetch(`${sandbox.baseUrl}/v1/payments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${sandbox.dialects['paylect']?.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ amount: 25_000, currency: 'INR', method: 'upi' }),
  })
  if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`)
}

/** What the same binaries take without us, in seconds: `initdb` and start, and start alone. */
async function databaseStarts(): Promise<{ readonly cold: number; readonly warm: number }> {
  const path = await mkdtemp(join(tmpdir(), 'paylect-bench-'))
  const directory = await openDataDirectory(join(path, 'data'))
  const options = { directory: directory.file('postgresql'), password: randomBytes(16).toString('hex') }
  try {
    const start = async () => {
      const startedAt = performance.now()
      const server = await startEmbeddedDatabase(options)
      const seconds = (performance.now() - startedAt) / 1000
      await server.stop()
      return seconds
    }
    return { cold: await start(), warm: await start() }
  } finally {
    await directory.release()
    await rm(path, { recursive: true, force: true })
  }
}
