import type * as z from 'zod'
import { EngineError } from '../kernel/engine-error.ts'

/** At most this many problems are listed in one refusal. */
const problemsMax = 20
/** At most this many accepted values or unknown keys are listed in one message. */
const namesListedMax = 20

/** One thing that is wrong with the input. `field` is undefined when the input as a whole is meant. */
export interface FieldProblem {
  readonly field: string | undefined
  readonly code: 'field_required' | 'field_unknown' | 'field_invalid'
  readonly message: string
}

/**
 * Parses `value` with `schema`. Throws `EngineError` `invalid_request` whose code, `detail.field` and `detail.message` speak of the
 * first problem and whose `detail.problems` lists all of them (`FieldProblem`, at most 20). A missing value is tried as an
 * empty object too, so that an empty body is refused with the names of the fields that it lacks.
 */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  fieldName: (path: readonly PropertyKey[]) => string,
): z.output<Schema> {
  const options = { error: describeIssue, reportInput: true }
  let result = schema.safeParse(value, options)
  if (!result.success && value === undefined) result = schema.safeParse({}, options)
  if (result.success) return result.data
  throw refusalOf(result.error.issues, fieldName)
}

/** The refusal for one field that was found wrong without a schema. */
export function invalidField(field: string | undefined, message: string, code = 'field_invalid'): EngineError {
  return new EngineError(
    'invalid_request',
    code,
    field === undefined || field === '' ? { message } : { field, message },
  )
}

function refusalOf(
  issues: readonly z.core.$ZodIssue[],
  fieldName: (path: readonly PropertyKey[]) => string,
): EngineError {
  const problems = issues.flatMap((issue) => problemsOf(issue, [], fieldName)).slice(0, problemsMax)
  const first = problems[0]
  if (first === undefined) return invalidField(undefined, 'The request is not valid.')
  const { code, field, message } = first
  return new EngineError(
    'invalid_request',
    code,
    field === undefined ? { message, problems } : { field, message, problems },
  )
}

function problemsOf(
  issue: z.core.$ZodIssue,
  parents: readonly PropertyKey[],
  fieldName: (path: readonly PropertyKey[]) => string,
): FieldProblem[] {
  const path = [...parents, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, namesListedMax).map((key) => ({
      field: fieldName([...path, key]),
      code: 'field_unknown',
      message: `${fieldName([...path, key])} is not a known field.`,
    }))
  }
  if (issue.code === 'invalid_union') {
    const closest = closestBranch(issue.errors)
    if (closest !== undefined) return closest.flatMap((inner) => problemsOf(inner, path, fieldName))
  }
  const field = path.length === 0 ? undefined : fieldName(path)
  const missing = isMissing(issue)
  return [{ field, code: missing ? 'field_required' : 'field_invalid', message: sentence(field, issue.message) }]
}

/** Of a union's branches, the one that got furthest into the value, if any got past its top. */
function closestBranch(branches: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const depthOf = (branch: z.core.$ZodIssue[]) => Math.max(0, ...branch.map((issue) => issue.path.length))
  const deepest = branches.toSorted((left, right) => depthOf(right) - depthOf(left))[0]
  return deepest !== undefined && depthOf(deepest) > 0 ? deepest : undefined
}

/** A union told apart by a field reports the whole object as its input; what is missing then is that field. */
function isMissing(issue: z.core.$ZodIssue | z.core.$ZodRawIssue): boolean {
  if (issue.code === 'invalid_union' && typeof issue['discriminator'] === 'string') {
    return typeof issue.input === 'object' && issue.input !== null && !(issue['discriminator'] in issue.input)
  }
  const aboutTheValue =
    issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union'
  return aboutTheValue && issue.input === undefined
}

/** A message that starts in lower case goes on from the field's name; any other stands as it was written. */
function sentence(field: string | undefined, message: string): string {
  if (!/^[a-z]/.test(message)) return message
  const text = `${field ?? 'The request body'} ${message}`
  return text.endsWith('.') ? text : `${text}.`
}

/** Says what was expected. A schema's own message wins over this one; it may start in lower case to follow the field's name. */
function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is required'
      return `must be ${withArticle(issue.expected)}, not ${typeName(issue.input)}`
    case 'invalid_value':
      if (issue.input === undefined) return 'is required'
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.slice(0, namesListedMax).map(String).join(', ')}`
    case 'invalid_union':
      if (isMissing(issue)) return 'is required'
      if (Array.isArray(issue['options']))
        return `must be one of ${issue['options'].slice(0, namesListedMax).map(String).join(', ')}`
      return 'has none of the accepted forms'
    case 'too_small':
      return bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)
    case 'too_big':
      return bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`
    case 'invalid_format':
      return issue.format === 'regex'
        ? 'does not have the expected form'
        : `must be a valid ${issue.format.replaceAll('_', ' ')}`
    case 'invalid_key':
      return 'has a key that is not accepted'
    default:
      return undefined
  }
}

function bound(origin: string, comparison: string, limit: number | bigint): string {
  if (origin === 'string') return `must have ${comparison} ${limit} characters`
  if (origin === 'array' || origin === 'set' || origin === 'map') return `must have ${comparison} ${limit} items`
  if (origin === 'object' || origin === 'record') return `must have ${comparison} ${limit} entries`
  return `must be ${comparison} ${limit}`
}

function withArticle(type: string): string {
  const word = type === 'int' ? 'integer' : type === 'record' ? 'object' : type
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number' && !Number.isInteger(value)) return 'a fractional number'
  return withArticle(typeof value)
}
