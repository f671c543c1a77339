import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { cursorOf, pageOf, pageQuery } from './pagination.ts'

describe('a page', () => {
  test('knows that there is more from the one row read beyond it', () => {
    expect(pageOf([1, 2, 3], 2)).toEqual({ items: [1, 2], hasMore: true })
    expect(pageOf([1, 2], 2)).toEqual({ items: [1, 2], hasMore: false })
    expect(pageOf([], 2)).toEqual({ items: [], hasMore: false })
  })
})

describe('a page query', () => {
  const query = z.object(pageQuery())

  test.each([
    [{}, { limit: 20 }],
    [{ limit: '1' }, { limit: 1 }],
    [
      { limit: '100', starting_after: 'pay_1' },
      { limit: 100, starting_after: 'pay_1' },
    ],
  ])('reads %j', (input, expected) => {
    expect(query.parse(input)).toEqual(expected)
  })

  test.each(['0', '101', '-1', '1.5', '1e1', ' 1', '', '9'.repeat(400)])('refuses a limit of %j', (limit) => {
    expect(query.safeParse({ limit }).success).toBe(false)
  })

  test('refuses an id that is empty or overlong', () => {
    expect(query.safeParse({ starting_after: '' }).success).toBe(false)
    expect(query.safeParse({ starting_after: 'x'.repeat(256) }).success).toBe(false)
  })
})

describe('a cursor', () => {
  const cursor = cursorOf(z.strictObject({ at: z.int(), id: z.string().max(40) }))

  test('comes back as the position that it was made of, and shows no structure', () => {
    const text = z.encode(cursor, { at: 1_790_000_000_000, id: 'pay_é' })
    expect(text).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(z.decode(cursor, text)).toEqual({ at: 1_790_000_000_000, id: 'pay_é' })
  })

  test('that was not given out is refused', () => {
    const foreign = [
      Buffer.from('{"at":"x"}').toString('base64url'),
      'nonsense',
      '',
      'a'.repeat(600),
      Buffer.from('null').toString('base64url'),
    ]
    for (const text of foreign) expect(cursor.safeParse(text).success, text).toBe(false)
  })
})
