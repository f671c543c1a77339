/** What is known about the HTTP answer that an object came with. */
export interface ResponseInfo {
  /** The HTTP status. */
  readonly status: number
  /** The gateway's id of the request. */
  readonly requestId: string | undefined
  /** True when this is the stored answer to an earlier call with the same idempotency key. */
  readonly replayed: boolean
  /** The key that a write was sent with. */
  readonly idempotencyKey: string | undefined
  /** How often the request was sent, 1 when the first try was answered. */
  readonly tries: number
  /** All headers of the answer. */
  readonly headers: Headers
}

/** Registered for the whole process: the ESM and the CommonJS build of this package see each other's objects. */
const responseKey = Symbol.for('paylect.response')

/** Notes the answer on what was parsed from it, where neither `JSON.stringify` nor `Object.keys` nor a spread sees it. */
export function noteResponse<Result>(result: Result, info: ResponseInfo): Result {
  if (typeof result === 'object' && result !== null) {
    Object.defineProperty(result, responseKey, { value: info, enumerable: false, configurable: true })
  }
  return result
}

/**
 * The HTTP answer that an object of this package came with: its request id, whether it was replayed, its headers.
 * Undefined for a copy, and for anything that no call has returned.
 */
export function responseOf(result: object): ResponseInfo | undefined {
  return (result as { readonly [responseKey]?: ResponseInfo })[responseKey]
}
