import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** A write that was answered with 201. Times are of the process's steady clock, in milliseconds. */
export interface Acceptance {
  readonly beganMs: number
  readonly endedMs: number
  /** The answer said that it was an earlier one, given again. */
  readonly isReplay: boolean
}

/** What the gateway's callers see, taken from the HTTP client that all calls of this process go through. */
export interface CallWatch {
  /** How often each answer other than 200 and 201 came: `503 database_unavailable`, `cut`, `no answer in time`. */
  readonly kinds: ReadonlyMap<string, number>
  /** In the order of their ends. */
  readonly accepted: readonly Acceptance[]
  /** Answers that no failover may cause, once each. */
  readonly refused: ReadonlySet<string>
  stop(): void
}

interface Call {
  readonly beganMs: number
  status: number
  isReplay: boolean
  text: string
}

/** The client's own messages: see the documentation of undici's diagnostics channels. */
interface ClientMessage {
  readonly request: { readonly origin: string | URL; readonly method: string; readonly path: string }
  readonly response?: { readonly statusCode: number; readonly headers: readonly Buffer[] }
  readonly chunk?: Uint8Array
  readonly error?: Error & { readonly code?: unknown }
}

/** 429 is the merchant's own limit of calls a minute; it has nothing to do with the database. */
const retryable = [429, 503]
const shownCharacters = 200

/** Watches every call to the address until it is stopped. */
export function watchCalls(baseUrl: string): CallWatch {
  const { origin } = new URL(baseUrl)
  const calls = new WeakMap<object, Call>()
  const kinds = new Map<string, number>()
  const accepted: Acceptance[] = []
  const refused = new Set<string>()
  const count = (kind: string) => kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  const close = ({ method, path }: ClientMessage['request'], { status, isReplay, text, beganMs }: Call) => {
    if (status === 201) accepted.push({ beganMs, endedMs: performance.now(), isReplay })
    if (status < 300) return
    count(`${status} ${codeOf(text)}`)
    if (!retryable.includes(status))
      refused.add(`${method} ${path} answered ${status} ${text.slice(0, shownCharacters)}`)
  }
  const listeners: Readonly<Record<string, (message: ClientMessage, call: Call) => void>> = {
    headers: ({ response }, call) => {
      call.status = response?.statusCode ?? 0
      call.isReplay = (response?.headers ?? []).some((name) => name.toString().toLowerCase() === 'idempotent-replayed')
    },
    bodyChunkReceived: ({ chunk }, call) => {
      if (call.status >= 300) call.text += Buffer.from(chunk ?? []).toString('utf8')
    },
    trailers: ({ request }, call) => close(request, call),
    error: ({ error }) => count(error?.name === 'TimeoutError' ? 'no answer in time' : `cut ${String(error?.code)}`),
  }
  const subscriptions = Object.entries(listeners).map(([name, listen]) => {
    const heard = (message: unknown) => {
      const call = calls.get((message as ClientMessage).request)
      if (call) listen(message as ClientMessage, call)
    }
    return [`undici:request:${name}`, heard] as const
  })
  const begin = (message: unknown) => {
    const { request } = message as ClientMessage
    if (String(request.origin) !== origin) return
    calls.set(request, { beganMs: performance.now(), status: 0, isReplay: false, text: '' })
  }
  const all = [['undici:request:create', begin] as const, ...subscriptions]
  for (const [channel, listener] of all) subscribe(channel, listener)
  const stop = () => all.forEach(([channel, listener]) => void unsubscribe(channel, listener))
  return { kinds, accepted, refused, stop }
}

/** Both dialects name what happened in `code`, at the top or below `error`. */
function codeOf(text: string): string {
  try {
    const body = JSON.parse(text) as { readonly code?: unknown; readonly error?: { readonly code?: unknown } }
    return String(body.code ?? body.error?.code ?? '')
  } catch {
    return '(no JSON)'
  }
}
