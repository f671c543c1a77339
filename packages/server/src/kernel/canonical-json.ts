import { createHash } from 'node:crypto'

/** What canonical JSON can hold: plain JSON plus `bigint`, which is written as `{"$bigint":"…"}`. */
export type CanonicalValue =
  | null
  | boolean
  | number
  | string
  | bigint
  | undefined
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue }

const bigintTag = '$bigint'

/**
 * Writes a value in one form only, after RFC 8785: object keys sorted by code unit, no white space, `undefined`
 * members left out. Equal values give equal text, so the text can be hashed. Throws `TypeError` for what is not data.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`canonical JSON cannot hold ${value}`)
    return JSON.stringify(value)
  }
  if (typeof value === 'bigint') return `{"${bigintTag}":"${value}"}`
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`
  if (typeof value === 'object') return canonicalObject(value as Record<string, unknown>)
  throw new TypeError(`canonical JSON cannot hold a ${typeof value}`)
}

function canonicalObject(value: Record<string, unknown>): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  // A Date or a Map has no members of its own: it would silently become an empty object.
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`canonical JSON holds plain objects only, not a ${value.constructor.name}`)
  }
  let text = '{'
  for (const key of Object.keys(value).sort()) {
    const member = value[key]
    if (member === undefined) continue
    if (text.length > 1) text += ','
    text += `${JSON.stringify(escapeKey(key))}:${canonicalJson(member)}`
  }
  return `${text}}`
}

/** Reads back what `canonicalJson` wrote, `bigint` included. */
export function parseCanonicalJson(text: string): unknown {
  return reviveCanonical(JSON.parse(text))
}

/** Restores `bigint` in a value that a database driver has parsed from canonical JSON already. */
export function reviveCanonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reviveCanonical)
  if (value === null || typeof value !== 'object') return value
  const tagged = (value as Record<string, unknown>)[bigintTag]
  if (typeof tagged === 'string') return BigInt(tagged)
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [unescapeKey(key), reviveCanonical(member)]))
}

/** SHA-256 of the canonical text, in hexadecimal. */
export function canonicalHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}

// A caller's own key may start with `$` too: it gets a second one, so that no data can pass for the bigint tag.
function escapeKey(key: string): string {
  return key.startsWith('$') ? `$${key}` : key
}

function unescapeKey(key: string): string {
  return key.startsWith('$$') ? key.slice(1) : key
}
