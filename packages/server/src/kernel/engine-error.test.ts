import { describe, expect, test } from 'vitest'
import { assertInvariant, EngineError, errorKinds } from './engine-error.ts'

describe('an engine error', () => {
  test('says its sentence, or its code where it has none', () => {
    expect(new EngineError('not_found', 'payment_not_found').message).toBe('payment_not_found')
    const said = new EngineError('conflict', 'reference_already_used', {
      message: 'Use a new reference.',
      field: 'reference',
    })
    expect(said.message).toBe('Use a new reference.')
    expect(said).toMatchObject({ name: 'EngineError', kind: 'conflict', code: 'reference_already_used' })
    expect(said.detail.field).toBe('reference')
  })

  test('is an error like others, with a stack', () => {
    const error = new EngineError('internal', 'x')
    expect(error).toBeInstanceOf(Error)
    expect(error.stack).toContain('engine-error.test.ts')
  })

  test('has kinds that stand once each', () => {
    expect(new Set(errorKinds).size).toBe(errorKinds.length)
  })
})

describe('an invariant', () => {
  test('that holds lets the code go on', () => {
    expect(() => assertInvariant(true, 'never')).not.toThrow()
  })

  test('that does not hold stops it with an internal error that says which', () => {
    const broken = () => assertInvariant(false, 'amount_negative', { amount: '-1' })
    expect(broken).toThrow('amount_negative')
    expect(broken).toThrow(expect.objectContaining({ kind: 'internal', detail: { amount: '-1' } }))
  })
})
