import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { createManualClock } from '../kernel/clock.ts'
import { createDatabase, type Database } from './database.ts'
import { ClockGoesBackError, createSandboxClock, type SandboxClock } from './sandbox-clock.ts'

const start = Date.UTC(2026, 10, 21, 10)
const minuteMs = 60_000

let testDatabase: TestDatabase
let database: Database
let opened: SandboxClock[]
const real = createManualClock(start)

beforeEach(async () => {
  real.set(start)
  opened = []
  testDatabase = await createTestDatabase()
  database = await createDatabase({
    url: testDatabase.url,
    poolMax: 2,
    applicationName: 'sandbox-clock-test',
    onError: () => {},
  })
})

afterEach(async () => {
  for (const clock of opened) clock.stop()
  await database.close()
  await testDatabase.drop()
})

async function open(): Promise<SandboxClock> {
  const clock = await createSandboxClock(database.pool, real)
  opened.push(clock)
  return clock
}

describe('the sandbox clock', () => {
  test('shows real time until it is moved, and goes on from there with real time', async () => {
    const clock = await open()
    expect(clock.now()).toBe(start)
    await clock.moveTo(start + 30 * minuteMs)
    real.advance(1_000)
    expect(clock.now()).toBe(start + 30 * minuteMs + 1_000)
  })

  test('survives a restart, and another process sees the move', async () => {
    const [clock, other] = [await open(), await open()]
    await clock.moveTo(start + minuteMs)
    expect((await open()).now()).toBe(start + minuteMs)
    await expect.poll(() => other.now(), { timeout: 5_000 }).toBe(start + minuteMs)
  })

  test('refuses to go back, also when another process has moved it further', async () => {
    const [clock, other] = [await open(), await open()]
    await clock.moveTo(start + 10 * minuteMs)
    await expect(clock.moveTo(start + 9 * minuteMs)).rejects.toThrow(ClockGoesBackError)
    await expect(other.moveTo(start + 5 * minuteMs)).rejects.toThrow('cannot go back')
    expect(clock.now()).toBe(start + 10 * minuteMs)
  })

  test('begins where it is told, also in the past, and the same beginning again changes nothing', async () => {
    const past = Date.UTC(2025, 2, 1, 10)
    const clock = await open()
    await clock.beginAt(past)
    expect(clock.now()).toBe(past)
    await clock.moveTo(past + minuteMs)
    await clock.beginAt(past)
    expect(clock.now()).toBe(past + minuteMs)
    await expect(clock.beginAt(past - minuteMs)).rejects.toThrow(ClockGoesBackError)
  })

  test('does not begin anew once the sandbox holds data', async () => {
    const clock = await open()
    await database.pool.query("insert into journals values ('mer_a', 'sandbox', 0, 0, 0, '', 0)")
    await expect(clock.beginAt(start - minuteMs)).rejects.toThrow(ClockGoesBackError)
    expect(clock.now()).toBe(start)
  })
})
