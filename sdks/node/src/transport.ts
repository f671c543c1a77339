import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Now } from './clock.ts'
import { errorOfResponse, problemFrom } from './error-of-response.ts'
import { ApiError, ConnectionError, OutcomeUnknownError, PaylectError, TimeoutError } from './errors.ts'
import { noteResponse } from './response-info.ts'
import {
  retryAfterFrom,
  retryAfterMaxMs,
  retryDelayMs,
  settlesEarlierTries,
  type Verdict,
  verdictOfAnswer,
  verdictOfFailure,
} from './retry.ts'
import { version } from './version.ts'

// One call is one or more tries:
//   sending -> answered 2xx -> done
//           -> refused                                  -> ApiError, or OutcomeUnknownError after an unknown try
//           -> not_done, tries left                     -> waiting -> sending
//           -> unknown, tries left, safe to repeat      -> waiting -> sending
//           -> nothing left: a read or a write that was never sent -> its own error; a write -> OutcomeUnknownError

/** How one call differs from the client's settings. */
export interface CallOptions {
  /** Ends the call. A write that was already sent then fails with `OutcomeUnknownError`, anything else with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** How long one try may take, in milliseconds. */
  readonly timeoutMs?: number | undefined
  /** How often a failed try is repeated where that is safe, 0 to 10. */
  readonly retriesMax?: number | undefined
}

/** How one write differs from the client's settings. */
export interface WriteOptions extends CallOptions {
  /** 1 to 255 printable ASCII characters; a random one is made unless you give it. Give it to repeat an earlier call. */
  readonly idempotencyKey?: string | undefined
}

/** One operation of the contract with its input filled in. */
export interface Operation {
  readonly method: string
  /** The path below the base URL, parameters filled in. */
  readonly path: string
  readonly query?: object | undefined
  readonly body?: object | undefined
  /** Whether the gateway honours an idempotency key here, so that the write may be repeated. */
  readonly isIdempotent: boolean
}

/** What sends the calls. */
export interface Transport {
  /** Sends an operation, repeats it where that is safe, and answers with the parsed body. Throws a `PaylectError`. */
  send<Result>(operation: Operation, options?: WriteOptions): Promise<Result>
}

/** What a transport is made of. */
export interface TransportSettings {
  readonly apiKey: string
  /** Without a slash at its end, and without the version. */
  readonly baseUrl: string
  readonly timeoutMs: number
  readonly retriesMax: number
  readonly fetch: typeof globalThis.fetch
  readonly now: Now
}

/** One call under way. */
interface Call {
  readonly operation: Operation
  readonly options: WriteOptions
  readonly idempotencyKey: string | undefined
  readonly retriesMax: number
  readonly timeoutMs: number
}

/** A try that did not succeed. */
interface Failure {
  readonly error: PaylectError
  readonly verdict: Verdict
  /** Set when the caller has ended the call. */
  readonly abortedBy?: { readonly reason: unknown }
}

const retriesAtMost = 10

/** Makes a transport over `fetch`. It keeps no state between calls. */
export function createTransport(settings: TransportSettings): Transport {
  return {
    send: async <Result>(operation: Operation, options: WriteOptions = {}) => {
      const call = callOf(settings, operation, options)
      return (await sendUntilSettled(settings, call)) as Result
    },
  }
}

function callOf(settings: TransportSettings, operation: Operation, options: WriteOptions): Call {
  const wait = Number((operation.query as { readonly wait?: unknown } | undefined)?.wait ?? 0)
  const isWrite = operation.method !== 'GET'
  const retriesMax = options.retriesMax ?? settings.retriesMax
  if (!Number.isInteger(retriesMax) || retriesMax < 0 || retriesMax > retriesAtMost) {
    throw new PaylectError(`retriesMax must be a whole number from 0 to ${retriesAtMost}.`)
  }
  return {
    operation,
    options,
    idempotencyKey: isWrite ? (options.idempotencyKey ?? randomUUID()) : undefined,
    retriesMax,
    // A long poll is answered late on purpose.
    timeoutMs: (options.timeoutMs ?? settings.timeoutMs) + (Number.isFinite(wait) ? wait * 1000 : 0),
  }
}

async function sendUntilSettled(settings: TransportSettings, call: Call): Promise<unknown> {
  const { signal } = call.options
  let isOutcomeOpen = false
  for (let tries = 1; ; tries++) {
    if (tries === 1) signal?.throwIfAborted()
    const outcome = await tryOnce(settings, call, tries)
    if ('result' in outcome) return outcome.result
    const { failure } = outcome
    isOutcomeOpen = isOpenAfter(failure, isOutcomeOpen)
    const delayMs = delayBeforeNext(call, failure, tries)
    const isAborted = delayMs === undefined || !(await waited(delayMs, signal))
    if (isAborted) throw errorAtTheEnd(call, failure, isOutcomeOpen, tries)
  }
}

function isOpenAfter({ verdict, error }: Failure, wasOpen: boolean): boolean {
  if (verdict === 'unknown') return true
  return verdict === 'refused' && settlesEarlierTries(error) ? false : wasOpen
}

/** The wait in milliseconds, or undefined when there is no next try. */
function delayBeforeNext({ operation, retriesMax }: Call, failure: Failure, tries: number): number | undefined {
  const { verdict, error, abortedBy } = failure
  const isRepeatable = operation.method === 'GET' || operation.isIdempotent || verdict === 'not_done'
  if (abortedBy || verdict === 'refused' || !isRepeatable || tries > retriesMax) return undefined
  const retryAfterMs = error instanceof ApiError ? error.retryAfterMs : undefined
  if ((retryAfterMs ?? 0) > retryAfterMaxMs) return undefined
  return retryDelayMs(tries, retryAfterMs)
}

async function waited(delayMs: number, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await sleep(delayMs, undefined, signal ? { signal } : {})
    return true
  } catch {
    return false
  }
}

function errorAtTheEnd(call: Call, { error, abortedBy }: Failure, isOutcomeOpen: boolean, tries: number): unknown {
  const { operation, idempotencyKey, options } = call
  const { method, path } = operation
  const aborted = abortedBy ?? (options.signal?.aborted ? { reason: options.signal.reason } : undefined)
  if (idempotencyKey !== undefined && isOutcomeOpen) {
    const requestId = error instanceof ApiError ? error.requestId : undefined
    const cause = aborted ? aborted.reason : error
    const isRepeatable = operation.isIdempotent
    return new OutcomeUnknownError({ method, path, idempotencyKey, isRepeatable, tries, requestId, cause })
  }
  return aborted ? aborted.reason : error
}

type Try = { readonly result: unknown } | { readonly failure: Failure }

async function tryOnce(settings: TransportSettings, call: Call, tries: number): Promise<Try> {
  const { signal } = call.options
  const timeout = AbortSignal.timeout(call.timeoutMs)
  try {
    const response = await settings.fetch(urlOf(settings, call.operation), {
      method: call.operation.method,
      headers: headersOf(settings, call),
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      ...(call.operation.body === undefined ? {} : { body: JSON.stringify(call.operation.body) }),
    })
    const text = await response.text()
    return response.ok ? { result: resultFrom(response, text, call, tries) } : failed(settings, response, text)
  } catch (thrown) {
    if (thrown instanceof PaylectError) return { failure: { error: thrown, verdict: 'unknown' } }
    return { failure: failureOf(call, thrown, timeout) }
  }
}

function failed({ now }: TransportSettings, response: Response, text: string): Try {
  const problem = problemFrom(text)
  const error = errorOfResponse({
    status: response.status,
    problem,
    requestId: response.headers.get('x-request-id') ?? problem.request_id,
    retryAfterMs: retryAfterFrom(response.headers.get('retry-after'), now()),
  })
  return { failure: { error, verdict: verdictOfAnswer(error) } }
}

function failureOf(call: Call, thrown: unknown, timeout: AbortSignal): Failure {
  const { method, path } = call.operation
  const { signal } = call.options
  if (signal?.aborted) {
    const error = new ConnectionError(`${method} ${path} was aborted.`, { cause: signal.reason })
    return { error, verdict: 'unknown', abortedBy: { reason: signal.reason } }
  }
  if (timeout.aborted) {
    const error = new TimeoutError(`${method} ${path} was not answered within ${call.timeoutMs} ms.`, { cause: thrown })
    return { error, verdict: 'unknown' }
  }
  const error = new ConnectionError(`${method} ${path}: ${reasonOf(thrown)}.`, { cause: thrown })
  return { error, verdict: verdictOfFailure(thrown) }
}

/** `fetch` says no more than "fetch failed"; what has happened stands in its cause. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
  const code = (cause as { readonly code?: unknown } | null)?.code
  const message = cause instanceof Error ? cause.message : String(cause)
  return message || (typeof code === 'string' ? code : 'the connection failed')
}

function resultFrom(response: Response, text: string, call: Call, tries: number): unknown {
  const info = {
    status: response.status,
    requestId: response.headers.get('x-request-id') ?? undefined,
    replayed: response.headers.get('idempotent-replayed') === 'true',
    idempotencyKey: call.idempotencyKey,
    tries,
    headers: response.headers,
  }
  if (text === '') return undefined
  try {
    return noteResponse(JSON.parse(text) as unknown, info)
  } catch (cause) {
    const message = `${call.operation.method} ${call.operation.path} was answered with something that is not JSON. Is baseUrl the gateway's?`
    throw new ConnectionError(message, { cause })
  }
}

function urlOf({ baseUrl }: TransportSettings, { path, query }: Operation): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === null) continue
    // Lists are written with commas between, as the gateway reads them; instants as ISO 8601.
    search.append(name, value instanceof Date ? value.toISOString() : String(value))
  }
  const text = search.toString()
  return `${baseUrl}${path}${text === '' ? '' : `?${text}`}`
}

function headersOf({ apiKey }: TransportSettings, { operation, idempotencyKey }: Call): Record<string, string> {
  return {
    authorization: `Bearer ${apiKey}`,
    accept: 'application/json',
    'user-agent': `paylect-sdk-node/${version}`,
    ...(operation.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
  }
}
