import { hash } from 'node:crypto'

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
  const written = textOf(value)
  if (written !== undefined) return written
  const prototype: unknown = Object.getPrototypeOf(value)
  // A Date or a Map has no members of its own: it would silently become an empty object.
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`canonical JSON holds plain objects only, not a ${value.constructor.name}`)
  }
  let text = '{'
  for (const { key, label } of sortedMembers(Object.keys(value))) {
    const member = value[key]
    if (member === undefined) continue
    text += text.length > 1 ? `,${label}` : label
    text += canonicalJson(member)
  }
  return `${text}}`
}

interface Member {
  readonly key: string
  /** The key as it is written, with its colon. */
  readonly label: string
}

/** Rows of one kind have the same keys in the same order every time, and sorting dozens of keys costs more than writing them. */
const sortedShapes = new Map<string, readonly Member[]>()
const sortedShapesMax = 1_000
const shapeKeysMin = 8

function sortedMembers(keys: string[]): readonly Member[] {
  if (keys.length < shapeKeysMin) return membersOf(keys)
  // A caller's keys may hold any character: told with its length, no list of keys can pass for another.
  let shape = ''
  for (const key of keys) shape += `${key.length}:${key}`
  let members = sortedShapes.get(shape)
  if (!members) {
    members = membersOf(keys)
    if (sortedShapes.size >= sortedShapesMax) sortedShapes.clear()
    sortedShapes.set(shape, members)
  }
  return members
}

function membersOf(keys: string[]): Member[] {
  return keys.sort().map((key) => ({ key, label: `${JSON.stringify(escapeKey(key))}:` }))
}

/** Reads back what `canonicalJson` wrote, `bigint` included. */
export function parseCanonicalJson(text: string): unknown {
  return reviveCanonical(JSON.parse(text))
}

/** Restores `bigint` in a value that has just been parsed from canonical JSON. What needs no change is changed in place. */
export function reviveCanonical(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(reviveCanonical)
  const members = value as Record<string, unknown>
  const tagged = members[bigintTag]
  if (typeof tagged === 'string') return BigInt(tagged)
  const keys = Object.keys(members)
  if (keys.some(isBuiltAnew)) {
    return Object.fromEntries(keys.map((key) => [unescapeKey(key), reviveCanonical(members[key])]))
  }
  for (const key of keys) members[key] = reviveCanonical(members[key])
  return members
}

/** Keys that were escaped, and the one that cannot be assigned to. */
function isBuiltAnew(key: string): boolean {
  return key.startsWith('$') || key === '__proto__'
}

/** A value that is held as its canonical text: written once, read only when somebody asks. */
export interface CanonicalText {
  readonly [isCanonicalText]: string
}

const isCanonicalText = Symbol('canonical text')

/** Writes a value now. `canonicalJson` of what this gives is the same text. Throws as `canonicalJson` does. */
export function canonicalText(value: unknown): CanonicalText {
  return Object.freeze({ [isCanonicalText]: canonicalJson(value) })
}

/** The value behind a canonical text, read anew; anything else as it is. */
export function heldValue(value: unknown): unknown {
  const text = textOf(value)
  return text === undefined ? value : parseCanonicalJson(text)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null ? (value as Partial<CanonicalText>)[isCanonicalText] : undefined
}

/** SHA-256 of the canonical text, in hexadecimal. */
export function canonicalHash(value: unknown): string {
  return hash('sha256', canonicalJson(value))
}

// A caller's own key may start with `$` too: it gets a second one, so that no data can pass for the bigint tag.
function escapeKey(key: string): string {
  return key.startsWith('$') ? `$${key}` : key
}

function unescapeKey(key: string): string {
  return key.startsWith('$$') ? key.slice(1) : key
}
