import type { SandboxFile } from '../../src/commands/demo-merchant.ts'

/** What a gateway answered. */
export interface GatewayAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

/** A merchant's program: it speaks Monetiflow, and the house API for the sandbox's controls. */
export interface GatewayClient {
  get(path: string): Promise<GatewayAnswer>
  post(path: string, body: object, idempotencyKey?: string): Promise<GatewayAnswer>
  /** Posts these very bytes. */
  raw(path: string, body: string | Buffer, contentType: string): Promise<GatewayAnswer>
  house(path: string, body: object): Promise<GatewayAnswer>
}

/** Makes a client; `sandbox` is asked at every call, because a gateway that starts again may listen elsewhere. */
export function createClient(sandbox: () => SandboxFile): GatewayClient {
  const call = (dialect: string, method: string, path: string, body?: BodyInit, headers = {}) => {
    const { baseUrl, dialects } = sandbox()
    const { mount = '', apiKey } = dialects[dialect] ?? {}
    return send(`${baseUrl}${mount}${path}`, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, ...headers },
      ...(body === undefined ? {} : { body }),
    })
  }
  const json = { 'content-type': 'application/json' }
  return {
    get: (path) => call('monetiflow', 'GET', path),
    post: (path, body, key) => {
      const headers = key === undefined ? json : { ...json, 'idempotency-key': key }
      return call('monetiflow', 'POST', path, JSON.stringify(body), headers)
    },
    raw: (path, body, contentType) =>
      call('monetiflow', 'POST', path, typeof body === 'string' ? body : new Uint8Array(body), {
        'content-type': contentType,
      }),
    house: (path, body) => call('paylect', 'POST', path, JSON.stringify(body), json),
  }
}

/** How often each status was answered. */
export function statusesOf(answers: readonly { readonly status: number }[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

async function send(url: string, init: RequestInit): Promise<GatewayAnswer> {
  const answer = await fetch(url, init)
  const text = await answer.text()
  const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
  return { status: answer.status, headers: answer.headers, body }
}
