import { expect, test } from 'vitest'
import type { DialectServices } from '../dialect.ts'
import { paylect } from './index.ts'

test('every write of the house API takes an Idempotency-Key', () => {
  // Endpoints are told of without their services: nothing is called here.
  const { endpoints } = paylect.surface({} as DialectServices)
  const writes = endpoints.filter(({ method }) => method !== 'GET')
  expect(writes.length).toBeGreaterThan(0)
  expect(writes.filter(({ idempotent }) => idempotent !== true).map(({ operation }) => operation)).toEqual([])
})
