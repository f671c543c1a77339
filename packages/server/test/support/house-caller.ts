import { paylect } from '../../src/dialects/paylect/index.ts'
import type { DialectGateway } from './dialect-gateway.ts'

/** A parsed answer of the house API. */
export interface HouseAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Record<string, unknown>
}

/** How one call differs from the main merchant's without extra headers. */
export interface HouseCallOptions {
  readonly role?: Parameters<DialectGateway['key']>[1]
  readonly headers?: Readonly<Record<string, string>>
}

/** Calls the house API of a gateway; the path stands below `/v1`. */
export type HouseCaller = (
  method: 'GET' | 'POST',
  path: string,
  payload?: object,
  options?: HouseCallOptions,
) => Promise<HouseAnswer>

/** Makes the caller for a gateway that is opened later, in `beforeAll`. */
export function houseCaller(gateway: () => DialectGateway): HouseCaller {
  return async (method, path, payload, { role = 'main', headers = {} } = {}) => {
    const authorization = `Bearer ${gateway().key(paylect, role)}`
    const sent = { method, url: `/v1${path}`, headers: { authorization, ...headers } }
    const answer = await gateway().app.inject(payload ? { ...sent, payload } : sent)
    return { status: answer.statusCode, headers: answer.headers, body: answer.json() as HouseAnswer['body'] }
  }
}

/** Sends each body to its path and checks that each is refused by that field and that all of them together changed nothing. */
export type RefusalCheck = (
  tries: readonly (readonly [path: string, body: object, status: number, field?: string])[],
) => Promise<void>

/** Makes the check for a gateway that is opened later. It throws where an answer or the number of rows is another one. */
export function refusalCheck(gateway: () => DialectGateway): RefusalCheck {
  const call = houseCaller(gateway)
  return async (tries) => {
    const before = JSON.stringify(await gateway().rowCounts())
    for (const [path, sent, status, field] of tries) {
      const { status: given, body } = await call('POST', path, sent)
      if (given === status && body['field'] === field) continue
      throw new Error(
        `${path} ${JSON.stringify(sent)} answered ${given} ${JSON.stringify(body)}, not ${status} ${field}`,
      )
    }
    const after = JSON.stringify(await gateway().rowCounts())
    if (after !== before) throw new Error(`what was refused changed something: ${before} to ${after}`)
  }
}
