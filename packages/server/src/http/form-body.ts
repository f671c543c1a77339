import { parse } from 'qs'
import { invalidField } from './field-errors.ts'
import { isRefusedKey } from './safe-input.ts'

/** Brackets may nest this deep: `a[b][c][d][e][f]`. */
const depthMax = 5
/** One form or query may hold this many parameters. */
const parametersMax = 200

/**
 * Parses `application/x-www-form-urlencoded` text (WHATWG URL standard), brackets building objects and arrays:
 * `metadata[order_ref]=ORD-1`, `tags[]=a`. A repeated name gives an array. Throws `EngineError` `invalid_request` for percent-escapes that are
 * not UTF-8, refused keys, more than 200 parameters or more than 5 levels.
 */
export function parseForm(text: string, part: 'body' | 'query'): Record<string, unknown> {
  if (text === '') return {}
  const pairs = text.split('&', parametersMax + 1)
  if (pairs.length > parametersMax) {
    throw invalidField(undefined, `The ${part} has more than ${parametersMax} parameters.`, 'too_many_parameters')
  }
  for (const pair of pairs) assertPair(pair, part)
  try {
    return parse(text, {
      depth: depthMax,
      strictDepth: true,
      parameterLimit: parametersMax,
      arrayLimit: parametersMax,
      throwOnLimitExceeded: true,
      plainObjects: true,
    })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw invalidField(
      undefined,
      `The ${part} has brackets nested more than ${depthMax} levels deep or an index above ${parametersMax}.`,
      `${part}_too_deep`,
    )
  }
}

function assertPair(pair: string, part: 'body' | 'query'): void {
  const equals = pair.indexOf('=')
  const key = decodeForm(equals === -1 ? pair : pair.slice(0, equals))
  if (key === undefined)
    throw invalidField(undefined, `The ${part} has a percent-escape that is not valid UTF-8.`, `malformed_${part}`)
  for (const segment of key.split(/[[\].]/)) {
    if (isRefusedKey(segment)) throw invalidField(key, `A field may not be named ${segment}.`)
  }
  if (equals !== -1 && decodeForm(pair.slice(equals + 1)) === undefined) {
    throw invalidField(key, `${key} has a percent-escape that is not valid UTF-8.`, `malformed_${part}`)
  }
}

function decodeForm(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
