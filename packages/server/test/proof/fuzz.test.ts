import { expect, test } from 'vitest'
import type { Dialect } from '../../src/dialects/dialect.ts'
import { monetiflow } from '../../src/dialects/monetiflow/index.ts'
import { paylect } from '../../src/dialects/paylect/index.ts'
import { EngineError } from '../../src/kernel/engine-error.ts'
import { openDialectGateway } from '../support/dialect-gateway.ts'
import { type FuzzReport, runFuzz } from './fuzz-run.ts'

// The short form of `npm run fuzz`, and the proof that it finds what it looks for.

const shortRequests = 1_650
const faultRequests = 40

test('every answer to requests of every kind is told by the contract, and what is refused changes nothing', async () => {
  const gateway = await openDialectGateway([paylect, monetiflow])
  try {
    const { findings, ledgerFindings, ledgerSums, reached } = await runFuzz({
      gateway,
      seed: 1,
      requests: shortRequests,
    })
    expect(findings).toEqual([])
    expect(ledgerFindings).toBe(0)
    expect(Object.values(ledgerSums).filter((sum) => sum !== '0')).toEqual([])
    expect(reached.seen / reached.documented).toBeGreaterThan(0.6)
  } finally {
    await gateway.close()
  }
}, 60_000)

type Run = ReturnType<Dialect['surface']>['endpoints'][number]['run']

/** The house API with one operation that does what none may. */
function withFault(operation: string, fault: (run: Run) => Run): Dialect {
  return {
    ...paylect,
    surface: (services) => {
      const surface = paylect.surface(services)
      const endpoints = surface.endpoints.map((endpoint) =>
        endpoint.operation === operation ? { ...endpoint, run: fault(endpoint.run) } : endpoint,
      )
      return { ...surface, endpoints }
    },
  }
}

const planted: readonly (readonly [title: string, check: string, operation: string, fault: (run: Run) => Run])[] = [
  [
    'a refusal that has changed something',
    'changed',
    'customers.create',
    (run) => async (input, call, fieldName) => {
      await run(input, call, fieldName)
      throw new EngineError('invalid_request', 'field_invalid', { field: 'name', message: 'name is not valid.' })
    },
  ],
  [
    'a read that writes',
    'changed',
    'payments.list',
    (run) => async (input, call, fieldName) => {
      const { scope } = call.principal as {
        readonly scope: Parameters<typeof call.services.engine.customers.create>[0]['scope']
      }
      await call.services.engine.customers.create({
        scope,
        reference: null,
        name: 'A',
        email: null,
        phone: null,
        metadata: {},
      })
      return run(input, call, fieldName)
    },
  ],
  [
    'a failure of ours',
    'server error',
    'balance.get',
    () => async () => {
      throw new TypeError('a bug')
    },
  ],
  [
    'a status that the contract does not know',
    'contract',
    'balance.get',
    (run) =>
      async (...given) => ({ ...(await run(...given)), status: 202 }),
  ],
  [
    'a body without a field that it must have',
    'contract',
    'balance.get',
    (run) =>
      async (...given) => ({ ...(await run(...given)), body: { object: 'balance' } }),
  ],
]

test.each(planted)('%s is found and shown as a command', async (_, check, operation, fault) => {
  const gateway = await openDialectGateway([withFault(operation, fault)])
  try {
    const report: FuzzReport = await runFuzz({
      gateway,
      seed: 1,
      requests: faultRequests,
      only: `paylect ${operation}`,
    })
    expect(report.findings.length).toBeGreaterThan(0)
    expect(new Set(report.findings.map((finding) => finding.check))).toContain(check)
    for (const { curl } of report.findings) expect(curl).toMatch(/^curl -i -X [A-Z]+ /)
  } finally {
    await gateway.close()
  }
})
