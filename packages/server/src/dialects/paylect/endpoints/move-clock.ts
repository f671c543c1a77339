import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { invalidField } from '../../../http/field-errors.ts'
import { type Instant, isoFromInstant } from '../../../kernel/clock.ts'
import { clockObject } from '../objects.ts'
import { durationGiven, instantAfter, instantGiven } from '../wire.ts'
import { defineEndpoint, noQuery } from './define-endpoint.ts'

/** The clock moves at most this far at once: a slip of the pen should not end every timer there is. */
const yearsMax = 10
/** And never past this: beyond the year 9999 an instant has no form that the API or the database could write. */
const latestEver: Instant = Date.UTC(9000, 0, 1)

const body = z
  .strictObject({ advance: durationGiven.optional(), set: instantGiven.optional() })
  .refine(({ advance, set }) => (advance === undefined) !== (set === undefined), {
    error: 'Give exactly one of advance (a duration such as PT30M) and set (an instant).',
  })

function targetOf(given: z.output<typeof body>, now: Instant): Instant {
  const field = given.advance === undefined ? 'set' : 'advance'
  const target = given.set ?? (given.advance ? spanEnd(now, given.advance) : now)
  if (target < now) {
    throw invalidField(
      field,
      `${field} leads back to ${isoFromInstant(target)}; the sandbox clock shows ${isoFromInstant(now)} and only moves forward.`,
      'clock_goes_back',
    )
  }
  const latest = new Date(now)
  latest.setUTCFullYear(latest.getUTCFullYear() + yearsMax)
  if (target > latest.getTime()) {
    throw invalidField(field, `${field} leads more than ${yearsMax} years ahead.`, 'clock_too_far')
  }
  if (target > latestEver) {
    throw invalidField(
      field,
      `${field} leads past ${isoFromInstant(latestEver)}, where the clock ends.`,
      'clock_too_far',
    )
  }
  return target
}

function spanEnd(now: Instant, span: z.output<typeof durationGiven>): Instant {
  try {
    return instantAfter(now, span)
  } catch {
    throw invalidField('advance', `advance leads more than ${yearsMax} years ahead.`, 'clock_too_far')
  }
}

export const moveClock = defineEndpoint({
  method: 'POST',
  path: '/sandbox/clock',
  operation: 'sandbox.moveClock',
  summary: 'Move the sandbox’s clock forward',
  description:
    'Answers once everything that fell due on the way has run. The clock is the whole installation’s: it moves for every merchant of the sandbox.',
  scopes: ['sandbox:write'],
  sandboxOnly: true,
  query: noQuery,
  body,
  response: { 200: clockObject },
  errors: ['invalid_request'],
  examples: [
    { name: 'half an hour', request: { body: { advance: 'PT30M' } } },
    { name: 'a day', request: { body: { set: '2026-12-01T00:00:00Z' } } },
  ],
  async handler({ body: given }, { services }) {
    const { sandboxClock } = services
    await sandboxClock.moveTo(targetOf(given, sandboxClock.now()))
    return reply(200, { now: sandboxClock.now() })
  },
})
