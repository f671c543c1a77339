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
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
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

const pagesMax = 500

/** Where a walk through a list begins, which way it goes, and what a position is. */
export interface Walk {
  readonly side: 'after' | 'before'
  /** The position of the object that it begins beside; without it `after` begins at the start of the list. */
  readonly from?: string
  /** The property that is the position of an object: `id` unless given. */
  readonly position?: string
}

/** Reads a list page by page until nothing is left on that side. What it gives is in the order of the list. */
export async function walkList(
  call: HouseCaller,
  path: string,
  query: Readonly<Record<string, string>>,
  { side, from, position = 'id' }: Walk,
): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = []
  let beside = from
  for (let page = 0; page < pagesMax; page += 1) {
    const search = new URLSearchParams({ ...query, ...(beside === undefined ? {} : { [side]: beside }) })
    const { status, body } = await call('GET', `${path}?${search}`)
    if (status !== 200) throw new Error(`${path}?${search} answered ${status} ${JSON.stringify(body)}`)
    const data = body['data'] as Record<string, unknown>[]
    if (side === 'after') found.push(...data)
    else found.unshift(...data)
    if (body['has_more'] !== true) return found
    beside = String((side === 'after' ? data.at(-1) : data[0])?.[position])
  }
  throw new Error(`${path} has no end`)
}
