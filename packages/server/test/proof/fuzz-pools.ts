import type { FuzzOperation } from './fuzz-contract.ts'

/** The ids that earlier answers showed, by dialect and resource, so that valid requests name what there is. */
export interface IdPools {
  /** The newest ids of the resource, at least one text, made up where none is known. */
  of(dialect: string, resource: string): readonly string[]
  /** Keeps an id. */
  add(dialect: string, resource: string, id: string): void
  /** Keeps every id in the body of an answer. */
  harvest(operation: FuzzOperation, body: unknown): void
}

const keptMax = 12
const depthMax = 6

/** Fields that name an object of another resource than their own name says. */
const resourceOfField: Readonly<Record<string, string>> = {
  payment_id: 'payments',
  object_id: 'payments',
  customer_id: 'customers',
  endpoint_id: 'webhook_endpoints',
  webhook_endpoint_id: 'webhook_endpoints',
  refund_id: 'refunds',
  payout_id: 'payouts',
  event_id: 'events',
  delivery_id: 'deliveries',
}

/** Opens empty pools. Ids in `untouchable` are never given out: the keys that the run itself needs. */
export function openIdPools(untouchable: ReadonlySet<string>): IdPools {
  const kept = new Map<string, string[]>()
  const add = (dialect: string, resource: string, id: string) => {
    if (untouchable.has(id)) return
    const ids = kept.get(`${dialect} ${resource}`) ?? []
    if (ids.includes(id)) return
    kept.set(`${dialect} ${resource}`, [id, ...ids].slice(0, keptMax))
  }
  const visit = (dialect: string, resource: string, part: unknown, depth: number): void => {
    if (typeof part !== 'object' || part === null || depth > depthMax) return
    if (Array.isArray(part)) {
      for (const item of part) visit(dialect, resource, item, depth + 1)
      return
    }
    for (const [name, value] of Object.entries(part)) {
      if (typeof value === 'string' || typeof value === 'number') keepField(dialect, resource, name, String(value))
      else visit(dialect, /^(?:data|items)$/.test(name) ? resource : nameOfList(name), value, depth + 1)
    }
  }
  const keepField = (dialect: string, resource: string, name: string, value: string) => {
    const named = resourceOfField[name]
    if (named !== undefined) add(dialect, named, value)
    else if (name === 'id' || (name === 'number' && resource === 'transactions')) add(dialect, resource, value)
    else if (name === 'reference') add(dialect, 'references', value)
  }
  return {
    add,
    of: (dialect, resource) => kept.get(`${dialect} ${resource}`) ?? ['pay_00000000'],
    harvest: (operation, body) => visit(operation.dialect.name, resourceOf(operation), body, 0),
  }
}

/** The resource that a path is about: what stands before its parameter, else its first part. */
export function resourceOf({ path }: Pick<FuzzOperation, 'path'>): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== 'v2')
  const parameterAt = parts.findIndex((part) => part.startsWith('{'))
  const named = parameterAt > 0 ? parts[parameterAt - 1] : parts[0]
  const listed = parts.at(-1) === 'attempts' ? 'attempts' : (named ?? '')
  return parameterAt > 0 ? (named ?? '') : listed
}

/** The resource whose ids a field holds; undefined for a field that holds none. */
export function resourceOfName(operation: FuzzOperation, name: string): string | undefined {
  if (name === 'ids') return resourceOf(operation)
  if (name === 'id' || name === 'number') return resourceOf(operation)
  if (/^(?:after|before|starting_after)$/.test(name)) {
    return operation.path.endsWith('/attempts') ? 'attempts' : resourceOf(operation)
  }
  return resourceOfField[name]
}

function nameOfList(name: string): string {
  return name.endsWith('s') ? name : `${name}s`
}
