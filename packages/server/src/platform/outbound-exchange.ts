import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher, Pool } from 'undici'
import { codeOf } from './outbound-connect.ts'
import { OutboundError } from './outbound-policy.ts'

/**
 * One request over a pool, with its deadline and its bound. The states, as the pool sees the request:
 *
 *     waiting for a connection → started → head received → body received → let go
 *
 * The caller's promise settles once: with the reply, with the first error, or at the deadline, in whatever state. A
 * request that is settled before the pool starts it is called off when it would start, so it is never sent late.
 * `onLetGo` runs once, when the pool has done with the request, which may be after the promise settled.
 *
 * This uses undici's handler and not `pool.request`: that one cannot call off a waiting request in time, and its stream
 * costs as much as the rest of the exchange.
 */
export function exchange(pool: Pool, request: ExchangeRequest, onLetGo: () => void): Promise<ExchangeReply> {
  const { promise, resolve, reject } = Promise.withResolvers<ExchangeReply>()
  const { bodyLimitBytes } = request
  const chunks: Buffer[] = []
  let bodyBytes = 0
  let status: number | undefined
  let headers: IncomingHttpHeaders = {}
  let started: Dispatcher.DispatchController | undefined
  let failure: Error | undefined

  const timer = setTimeout(
    () => fail(new OutboundError('timeout', 'no reply in time', withStatus(status))),
    request.timeoutMs,
  )

  function fail(error: Error): void {
    failure ??= error
    clearTimeout(timer)
    reject(failure)
    started?.abort(failure)
  }

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(controller) {
      started = controller
      if (failure !== undefined) controller.abort(failure)
    },
    onResponseStart(_controller, statusCode, receivedHeaders) {
      // 1xx replies only announce the real one.
      if (statusCode < 200) return
      status = statusCode
      headers = receivedHeaders
    },
    onResponseData(_controller, chunk) {
      bodyBytes += chunk.length
      if (bodyBytes <= bodyLimitBytes) chunks.push(chunk)
      else fail(new OutboundError('too_large', `the reply is larger than ${bodyLimitBytes} bytes`, withStatus(status)))
    },
    onResponseEnd() {
      clearTimeout(timer)
      onLetGo()
      resolve({ status: status as number, headers, body: Buffer.concat(chunks, bodyBytes) })
    },
    onResponseError(_controller, error) {
      onLetGo()
      fail(translated(error, status))
    },
  }
  const { path, headers: sentHeaders, body } = request
  pool.dispatch({ method: 'POST', path, headers: sentHeaders, body }, handler)
  return promise
}

/** A POST, and the bounds of its reply. */
export interface ExchangeRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | string
  readonly timeoutMs: number
  readonly bodyLimitBytes: number
}

/** A whole reply. */
export interface ExchangeReply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** What undici and the socket report, in our words. An illegal header is the caller's fault and no failure of the network. */
function translated(error: Error, status: number | undefined): OutboundError | TypeError {
  if (error instanceof OutboundError) return error
  const code = codeOf(error)
  if (code === 'UND_ERR_INVALID_ARG') return new TypeError(error.message, { cause: error })
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'HPE_HEADER_OVERFLOW') {
    return new OutboundError('too_large', 'the head of the reply is too large', { cause: error })
  }
  const message = `the connection broke${code === '' ? '' : ` (${code})`}`
  return new OutboundError('connection', message, { cause: error, ...withStatus(status) })
}

function withStatus(status: number | undefined): { status?: number } {
  return status === undefined ? {} : { status }
}
