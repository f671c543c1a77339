import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const benchmark = join(import.meta.dirname, '../../bench/bench.ts')
const runTimeoutMs = 120_000

/** The contract of `npm run bench -- --json`: one object a line with these members and no others, in this order. */
const members = ['name', 'value', 'unit', 'floor', 'floorName', 'ratio', 'p50Ms', 'p99Ms']

async function runBench(...args: string[]): Promise<Record<string, unknown>[]> {
  const child = spawn(process.execPath, [benchmark, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let progress = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    progress += chunk.toString('utf8')
  })
  const [code] = (await once(child, 'close')) as [number | null]
  expect(code, progress).toBe(0)
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe('the benchmarks, for a second each', () => {
  test('every figure of the payments, the ledger and the webhooks comes with its floor, and all that was counted is in the ledger', {
    timeout: runTimeoutMs,
  }, async () => {
    const figures = await runBench('payments', 'ledger', 'webhooks', '--short', '--json')
    expect(namesOf(figures)).toEqual([
      'ledger_postings',
      'ledger_postings_hot',
      'payments_http_256',
      'payments_http_32',
      'payments_http_hot_32',
      'payments_with_webhooks_64',
      'request_p99_32',
      'webhook_deliveries',
    ])
    for (const figure of figures) expectShape(figure)
  })

  test('every list is asked for and every start is taken', { timeout: runTimeoutMs }, async () => {
    const figures = await runBench('lists', 'start', 'memory', '--short', '--json')
    expect(namesOf(figures)).toEqual([
      'list_deep_page',
      'list_first_page',
      'list_search',
      'memory_idle',
      'start_cold',
      'start_warm',
    ])
    for (const figure of figures) expectShape(figure)
  })

  test('a benchmark that does not exist is refused by name', { timeout: runTimeoutMs }, async () => {
    const child = spawn(process.execPath, [benchmark, 'paymnts'], { stdio: ['ignore', 'ignore', 'pipe'] })
    let complaint = ''
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString('utf8')
    })
    const [code] = (await once(child, 'close')) as [number | null]
    expect(code).toBe(1)
    expect(complaint).toContain('no such benchmark: paymnts')
  })
})

function namesOf(figures: readonly Record<string, unknown>[]): string[] {
  return figures.map(({ name }) => String(name)).toSorted()
}

/** Nothing is said about how fast: only that something was measured, and that the ratio is of these two. */
function expectShape(figure: Record<string, unknown>): void {
  expect(Object.keys(figure)).toEqual(members)
  const { value, floor, ratio, p50Ms, p99Ms } = figure as Record<string, number>
  expect(value).toBeGreaterThan(0)
  expect(floor).toBeGreaterThan(0)
  expect(ratio).toBeGreaterThan(0)
  // One round: value, floor and ratio are of the same measurement, rounded to three digits.
  expect(Math.abs((ratio ?? 0) / ((value ?? 0) / (floor ?? 1)) - 1)).toBeLessThan(0.02)
  for (const latency of [p50Ms, p99Ms]) {
    if (latency !== null) expect(latency).toBeGreaterThan(0)
  }
}
