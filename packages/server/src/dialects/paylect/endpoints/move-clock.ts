import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { invalidField } from '../../../http/field-errors.ts'
import { type Instant, isoFromInstant } from '../../../kernel/clock.ts'
import { EngineError } from '../../../kernel/engine-error.ts'
import type { HouseCall } from '../find-object.ts'
import { clockObject } from '../objects.ts'
import { durationGiven, instantAfter, instantGiven } from '../wire.ts'
import { defineEndpoint, idempotencyFor, noQuery, replayHeaders } from './define-endpoint.ts'

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

/** Where the clock goes: under an idempotency key, where the first request with it went. */
async function agreedTarget(given: z.output<typeof body>, call: HouseCall) {
  const { engine, sandboxClock } = call.services
  const { scope } = call.principal
  const idempotency = idempotencyFor(call, 'move_clock')
  const now = sandboxClock.now()
  if (!idempotency) return { target: targetOf(given, now), replayed: false }
  const request = given.advance ? { advance: String(given.advance) } : { set: isoFromInstant(given.set ?? now) }
  const target = refusedOr(() => targetOf(given, now))
  // Kept from the target on: else the move itself could end the promise.
  const keptMs = idempotency.keptMs + (target instanceof EngineError ? 0 : target - now)
  const agreed = await engine.sandbox.agreeClockMove({ scope, request, target }, { ...idempotency, keptMs })
  return { target: agreed.result.target, replayed: agreed.replayed }
}

function refusedOr<Value>(read: () => Value): Value | EngineError {
  try {
    return read()
  } catch (error) {
    if (error instanceof EngineError) return error
    throw error
  }
}

export const moveClock = defineEndpoint({
  method: 'POST',
  path: '/sandbox/clock',
  operation: 'sandbox.moveClock',
  summary: 'Move the sandbox’s clock forward',
  description:
    'Answers once everything that fell due on the way has run. The clock is the whole installation’s: it moves for every merchant of the sandbox. A replay under one Idempotency-Key leads to the instant that the first request named, and moves nothing if the clock stands there or later.',
  scopes: ['sandbox:write'],
  sandboxOnly: true,
  query: noQuery,
  body,
  response: { 200: clockObject },
  errors: ['invalid_request', 'idempotency_mismatch'],
  idempotent: true,
  examples: [
    { name: 'half an hour', request: { body: { advance: 'PT30M' } } },
    { name: 'a day', request: { body: { set: '2026-12-01T00:00:00Z' } } },
  ],
  async handler({ body: given }, call) {
    const { sandboxClock } = call.services
    const { target, replayed } = await agreedTarget(given, call)
    // A replay finds the clock where the first move has left it, or later; after a crash it finishes that move.
    if (!replayed || target > sandboxClock.now()) await sandboxClock.moveTo(target)
    return reply(200, { now: sandboxClock.now() }, replayHeaders({ replayed }))
  },
})
