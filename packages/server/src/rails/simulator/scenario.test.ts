import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { minorMax } from '../../kernel/money.ts'
import { declineCodes } from '../rail.ts'
import { lateDelayMsDefault, outageMsDefault, parseScenario, scenarioDelayMsMax } from './scenario.ts'

describe('what is no scenario is refused, never guessed', () => {
  const refused = [
    '',
    ' ',
    'success',
    'Succeeded',
    ' succeeded',
    'succeeded:',
    'succeeded:now',
    'duplicate:2',
    'pending:PT5M',
    'declined:',
    'declined:no_such_code',
    'declined:do_not_honor:twice',
    'partial:',
    'partial:0',
    'partial:-5',
    'partial:05',
    'partial:1.5',
    'partial:1e3',
    `over:${minorMax + 1n}`,
    'late:',
    'late:5',
    'late:P',
    'late:PT',
    'late:P1DT',
    'late:PT0S',
    'late:PT0.5S',
    'late:P1M',
    'late:P31D',
    'late:PT5M:again',
    'down:PT-1M',
    'unknown:',
    'unknown:succeeded',
    'unknown:declined:',
    'unknown:declined:no_such_code',
    'unknown:declined:do_not_honor:twice',
    'unknown:not_received:twice',
    '__proto__',
    `late:PT${'0'.repeat(80)}5M`,
  ]
  test.each(refused)('%j', (text) => expect(parseScenario(text)).toBeUndefined())

  test('any text is answered without an error', () => {
    const pieces = fc.constantFrom('succeeded', 'declined', 'late', 'unknown', 'over', ':', 'P', 'T', '9', 'S', 'D')
    const text = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join('')),
    )
    fc.assert(fc.property(text, (it) => typeof (parseScenario(it) ?? {}) === 'object'))
  })
})

describe('the grammar is read', () => {
  test.each([
    ['succeeded', { kind: 'succeeded' }],
    ['declined', { kind: 'declined', code: 'do_not_honor' }],
    ['partial', { kind: 'partial', minor: null }],
    ['partial:500', { kind: 'partial', minor: 500n }],
    ['over', { kind: 'over', minor: null }],
    [`over:${minorMax}`, { kind: 'over', minor: minorMax }],
    ['late', { kind: 'late', delayMs: lateDelayMsDefault }],
    ['late:PT5M', { kind: 'late', delayMs: 300_000 }],
    ['late:pt5m', { kind: 'late', delayMs: 300_000 }],
    ['late:P1DT2H3M4S', { kind: 'late', delayMs: 93_784_000 }],
    ['late:P30D', { kind: 'late', delayMs: scenarioDelayMsMax }],
    ['duplicate', { kind: 'duplicate' }],
    ['unknown', { kind: 'unknown', truth: { kind: 'succeeded' } }],
    ['unknown:declined', { kind: 'unknown', truth: { kind: 'declined', code: 'do_not_honor' } }],
    ['unknown:not_received', { kind: 'unknown', truth: { kind: 'not_received' } }],
    ['down', { kind: 'down', outageMs: outageMsDefault }],
    ['down:PT1S', { kind: 'down', outageMs: 1_000 }],
    ['pending', { kind: 'pending' }],
  ])('%s', (text, scenario) => expect(parseScenario(text)).toEqual(scenario))

  test.each(declineCodes)('every decline code can be asked for: %s', (code) => {
    expect(parseScenario(`declined:${code}`)).toEqual({ kind: 'declined', code })
    expect(parseScenario(`unknown:declined:${code}`)).toEqual({ kind: 'unknown', truth: { kind: 'declined', code } })
  })
})
