import { invalidField } from './field-errors.ts'

/** Nesting and size that input may have before it is looked at any further. */
export interface InputLimits {
  readonly depthMax: number
  /** Object members plus array elements in all. */
  readonly membersMax: number
}

/** Names that reach an object's prototype when a careless merge copies them. */
const refusedKeys = new Set(['__proto__', 'constructor'])

/**
 * Refuses input that is too deep or too large, that carries a key such as `__proto__`, a number too large to hold, or text that the
 * database cannot store: U+0000 (PostgreSQL refuses it) and lone surrogates (not UTF-8). Throws `EngineError` `invalid_request`
 * that names the field.
 */
export function assertSafeInput(
  value: unknown,
  limits: InputLimits,
  fieldName: (path: readonly PropertyKey[]) => string,
): void {
  let members = 0
  const path: PropertyKey[] = []

  const visit = (part: unknown): void => {
    if (typeof part === 'string') assertText(part, path, fieldName)
    if (typeof part === 'number' && !Number.isFinite(part))
      throw invalidField(fieldName(path), `${named(path, fieldName)} is a number too large.`)
    if (typeof part !== 'object' || part === null) return
    if (path.length >= limits.depthMax) throw tooDeep(limits)
    for (const key of Object.keys(part)) {
      members += 1
      if (members > limits.membersMax) throw tooMany(limits)
      assertKey(key, path, fieldName)
      path.push(Array.isArray(part) ? Number(key) : key)
      visit((part as Record<string, unknown>)[key])
      path.pop()
    }
  }
  visit(value)
}

/** True for one of the keys that are refused everywhere in input. */
export function isRefusedKey(key: string): boolean {
  return refusedKeys.has(key)
}

function assertKey(
  key: string,
  path: readonly PropertyKey[],
  fieldName: (path: readonly PropertyKey[]) => string,
): void {
  if (isRefusedKey(key)) throw invalidField(fieldName([...path, key]), `A field may not be named ${key}.`)
  if (key.includes('\0') || !key.isWellFormed()) {
    throw invalidField(
      fieldName(path),
      `${named(path, fieldName)} has a field name with a character that cannot be stored.`,
    )
  }
}

function assertText(
  text: string,
  path: readonly PropertyKey[],
  fieldName: (path: readonly PropertyKey[]) => string,
): void {
  if (text.includes('\0')) {
    throw invalidField(
      fieldName(path),
      `${named(path, fieldName)} contains the character U+0000, which cannot be stored.`,
    )
  }
  if (!text.isWellFormed()) {
    throw invalidField(
      fieldName(path),
      `${named(path, fieldName)} contains a lone surrogate, which is not valid Unicode text.`,
    )
  }
}

function named(path: readonly PropertyKey[], fieldName: (path: readonly PropertyKey[]) => string): string {
  return path.length === 0 ? 'The request body' : fieldName(path)
}

function tooDeep(limits: InputLimits) {
  return invalidField(undefined, `The request is nested more than ${limits.depthMax} levels deep.`, 'body_too_deep')
}

function tooMany(limits: InputLimits) {
  return invalidField(
    undefined,
    `The request has more than ${limits.membersMax} fields and elements.`,
    'body_too_many_fields',
  )
}
