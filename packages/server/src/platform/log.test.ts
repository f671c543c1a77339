import fc from 'fast-check'
import type { FastifyBaseLogger } from 'fastify'
import { describe, expect, test } from 'vitest'
import { createLog, type Log, type LogLevel, silentLog } from './log.ts'
import { lineLengthMax, scrubLine, scrubText } from './log-scrubber.ts'
import { Secret } from './vault.ts'

function recordingLog(level: LogLevel = 'trace', pretty = false): { log: Log; lines: string[] } {
  const lines: string[] = []
  return { lines, log: createLog({ level, pretty, destination: { write: (line) => void lines.push(line) } }) }
}

function entryOf(lines: readonly string[]): Record<string, unknown> {
  return JSON.parse(lines.at(-1) ?? 'null') as Record<string, unknown>
}

describe('card numbers', () => {
  const masked: [string, string][] = [
    ['4111111111111111', '411111******1111'],
    ['4111 1111 1111 1111', '411111******1111'],
    ['4111-1111-1111-1111', '411111******1111'],
    ['5555555555554444', '555555******4444'],
    ['2223003122003222', '222300******3222'],
    ['3782 822463 10005', '378282*****0005'],
    ['30569309025904', '305693****5904'],
    ['4222222222222', '422222***2222'],
    ['6304000000000000', '630400******0000'],
    ['4000000000000000006', '400000*********0006'],
    ['5061020000000000094', '506102*********0094'],
    ['card=4111111111111111;exp=12/30', 'card=411111******1111;exp=12/30'],
    ['pan4111111111111111x', 'pan411111******1111x'],
    ['4111111111111111=30121011', '411111******1111=30121011'],
    ['12 4111111111111111 7', '12 411111******1111 7'],
    ['4111111111111111 5555555555554444', '411111******1111 555555******4444'],
    ['7 4111 1111 1111 1111 7', '7 411111******1111 7'],
  ]
  test.each(masked)('%s keeps only its first six and last four digits', (text, expected) => {
    expect(scrubText(text)).toBe(expected)
  })

  const untouched = [
    '4111111111111112',
    '1732190000000',
    '1732190000000000',
    '20261121103000',
    '20261121103000123',
    '2026-11-21 10:30:00.123',
    '2026-11-21T10:30:00.123Z',
    'order 5 1732190000000',
    '41111111111111111111',
    'pay_01jd8m2k9q4x7v5n3h6t1b0c2e',
    '018f3b1e-7c2d-7a51-9f0e-3d5b8c7a6e41',
    '+2348012345678',
    '0123456789',
    '',
  ]
  test.each(untouched)('%s is no card number and stays', (text) => {
    expect(scrubText(text)).toBe(text)
  })

  test('no time in milliseconds from 2001 to 2286 is ever taken for a card number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000_000_000_000, max: 1_999_999_999_999 }), (time) => {
        expect(scrubText(String(time))).toBe(String(time))
      }),
    )
  })
})

describe('credentials', () => {
  test.each([
    ['Authorization: Bearer abc.def-ghi', 'Authorization: [masked]'],
    ['authorization=ApiKey 12345', 'authorization=[masked]'],
    ["curl -H 'Authorization: Basic dXNlcjpwYXNz' https://x.test", "curl -H 'Authorization: [masked]' https://x.test"],
    ['Proxy-Authorization: Digest abc', 'Proxy-Authorization: [masked]'],
    ['got bearer eyJhbGciOi.J9.x_y-z today', 'got bearer [masked] today'],
    ['Basic dXNlcjpwYXNz', 'Basic [masked]'],
    ['key sk_live_51Habc is wrong', 'key sk_live_[masked] is wrong'],
    ['mk_test_abcdef', 'mk_test_[masked]'],
    ['MK_TEST_GC3B8XG2XX', 'MK_TEST_[masked]'],
    ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=', 'whsec_[masked]'],
  ])('%s is masked', (text, expected) => {
    expect(scrubText(text)).toBe(expected)
  })

  test.each(['risk_score_high', 'task_12345', 'desk_lamps', 'the bearer', 'basically fine', 'sk_SK'])(
    '%s stays',
    (text) => {
      expect(scrubText(text)).toBe(text)
    },
  )
})

describe('lines', () => {
  test('a line stays JSON when a card number stood in it as a number', () => {
    const { log, lines } = recordingLog()
    log.info({ card: 4111111111111111, list: [5555555555554444], ratio: 4.111111111111111, amount: 4000 }, 'x')
    expect(entryOf(lines)).toMatchObject({
      card: '411111******1111',
      list: ['555555******4444'],
      ratio: 4.111111111111111,
      amount: 4000,
    })
  })

  test('a card number is found in a message, a deep field, a key, an error and a quoted body', () => {
    const { log, lines } = recordingLog()
    const pan = '4111111111111111'
    log.error(
      { err: new Error(`declined ${pan}`), deep: { a: [{ b: `"${pan}"` }] }, [pan]: 1, body: JSON.stringify({ pan }) },
      pan,
    )
    log.child({ note: pan }).warn('x')
    for (const line of lines) {
      expect(line).not.toContain(pan)
      expect(() => JSON.parse(line)).not.toThrow()
    }
    expect(entryOf(lines)).toMatchObject({ note: '411111******1111', msg: 'x' })
  })

  test('a control character before a card number does not hide it', () => {
    expect(scrubLine('{"msg":"\\u00014111111111111111\\n5555555555554444"}')).toBe(
      '{"msg":"\\u0001411111******1111\\n555555******4444"}',
    )
  })

  test('values under secret names are masked whatever they are', () => {
    const { log, lines } = recordingLog()
    const headers = { Authorization: ['a', 'b'], 'X-API-KEY': 'plain', 'set-cookie': 'c=d', accept: '*/*' }
    log.info({ headers, cvv: 123, clientSecret: { nested: ['q'], n: 9 }, password: null, otp: '0000', pinned: 'kept' })
    expect(entryOf(lines)).toMatchObject({
      headers: {
        Authorization: ['[masked]', '[masked]'],
        'X-API-KEY': '[masked]',
        'set-cookie': '[masked]',
        accept: '*/*',
      },
      cvv: '[masked]',
      clientSecret: { nested: ['[masked]'], n: '[masked]' },
      password: null,
      otp: '[masked]',
      pinned: 'kept',
    })
  })

  test('any entry stays valid JSON with its harmless fields unchanged', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, message) => {
        const line = JSON.stringify({ kept: 'yes', token: 'x', value, message })
        expect(JSON.parse(scrubLine(line))).toMatchObject({ kept: 'yes', token: '[masked]' })
      }),
    )
  })

  test('a line without anything to mask is written exactly as it was', () => {
    const line = '{"level":30,"time":"2026-11-21T10:30:00.123Z","paymentId":"pay_01jd8m2k9q4x7v5n3h6t1b0c2e","n":1.5}\n'
    expect(scrubLine(line)).toBe(line)
  })

  test('a line too long to scrub is left out, not written unscrubbed', () => {
    const { log, lines } = recordingLog()
    log.info({ body: '4111111111111111 '.repeat(lineLengthMax / 10) })
    expect(lines.join('')).not.toContain('411111')
    expect(entryOf(lines)).toMatchObject({ msg: expect.stringMatching(/left out/) })
  })

  test("a stranger's text cannot make the scrubber slow", () => {
    const texts = [
      '4 '.repeat(100_000),
      '1-'.repeat(100_000),
      'authorization '.repeat(15_000),
      'bearer '.repeat(30_000),
      '\\"'.repeat(90_000),
    ]
    for (const text of texts) {
      const started = performance.now()
      scrubLine(JSON.stringify({ text: text.slice(0, 100_000) }))
      expect(performance.now() - started).toBeLessThan(1_000)
    }
  })
})

describe('the logger', () => {
  test('writes level, UTC time, fields and message, and keeps a secret masked', () => {
    const { log, lines } = recordingLog('info')
    log.debug('below the level')
    log.info({ paymentId: 'pay_1', held: new Secret('hunter2') }, 'payment succeeded')
    expect(lines).toHaveLength(1)
    expect(entryOf(lines)).toMatchObject({ level: 30, paymentId: 'pay_1', held: '[secret]', msg: 'payment succeeded' })
    expect(entryOf(lines)).toMatchObject({ time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) })
  })

  test('pretty lines are for the eye and scrubbed as well', () => {
    const { log, lines } = recordingLog('info', true)
    log.warn({ err: new Error('no 4111111111111111'), tries: 2, key: 'sk_live_abcdef' }, 'retrying')
    expect(lines[0]).toMatch(
      /^[\d:.]{12} WARN {2}retrying tries=2 key=sk_live_\[masked\] \nError: no 411111\*{6}1111\n/,
    )
  })

  test('the silent log takes everything and its children too', () => {
    expect(() => silentLog.child({ a: 1 }).fatal({ err: new Error('x') }, 'y')).not.toThrow()
    expect(silentLog.level).toBe('silent')
  })

  test('fits where the HTTP server wants a logger', () => {
    const logger: FastifyBaseLogger = recordingLog().log
    expect(logger.level).toBe('trace')
  })
})
