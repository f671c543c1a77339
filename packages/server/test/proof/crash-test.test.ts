import { describe, expect, test } from 'vitest'
import type { FindingKind } from './crash/finding.ts'
import { runCrashTest } from './crash/run-crash-test.ts'

// The short form of `npm run crash-test`: one gateway with its embedded database, each fault once.

const kills = 7
/** The command holds a quiet machine to five seconds; tests share theirs with other tests. */
const servingAgainMs = 30_000
/** Each costs a checkpoint; the others are for the command, and for the judge's own test. */
const plants = ['lost', 'paid-twice', 'missing-event'] as const

/** What each plant must be called; it may be called other things beside. */
const names: Readonly<Record<(typeof plants)[number], FindingKind>> = {
  lost: 'lost',
  'paid-twice': 'doubled',
  'missing-event': 'disordered',
}

describe('a gateway whose server, database and sessions are killed and frozen under load', () => {
  test('loses and doubles nothing, serves and tells again after each fault, and planted damage is found', {
    timeout: 240_000,
  }, async () => {
    const report = await runCrashTest({
      ...{ form: 'embedded', kills, seed: 1, servingAgainMs, checkpointEvery: kills, betweenMs: [100, 600], only: '' },
      plants,
      onProgress: () => undefined,
    })
    expect(report.findings).toEqual([])
    expect(new Set(report.strikes.map(({ fault }) => fault)).size).toBe(kills)
    const kinds = Object.keys(report.acknowledged).sort()
    expect(kinds).toEqual(
      ['payment', 'payout', 'refund'].flatMap((kind) => [`${kind} (monetiflow)`, `${kind} (paylect)`]),
    )
    for (const plant of plants) {
      expect(
        report.planted[plant]?.map(({ kind }) => kind),
        plant,
      ).toContain(names[plant])
    }
  })
})
