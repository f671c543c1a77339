import { isCurrency } from '../kernel/currencies.ts'
import { amountText, paint, wrapText } from './command-output.ts'

/** Explanations are shallow; what lies deeper is shown on one line as JSON. */
const depthMax = 4

/**
 * Any explanation of the house API as indented text: names before values, sentences wrapped at 80 columns, amounts with
 * their currency. It follows the answer's own shape, so that a new field is shown without a change here.
 */
export function explanationText(explanation: Readonly<Record<string, unknown>>): string {
  return linesOf(explanation, '', 0, undefined).join('\n').concat('\n')
}

function linesOf(value: unknown, indent: string, depth: number, currency: string | undefined): string[] {
  if (depth > depthMax) return [`${indent}${JSON.stringify(value)}`]
  if (Array.isArray(value)) return value.flatMap((item) => listItem(item, indent, depth, currency))
  if (typeof value === 'object' && value !== null) {
    const fields = value as Readonly<Record<string, unknown>>
    const own = typeof fields['currency'] === 'string' ? fields['currency'] : currency
    return Object.entries(fields).flatMap(([name, held]) => fieldLines(name, held, indent, depth, own))
  }
  return [wrapText(String(value), undefined, indent)]
}

function listItem(item: unknown, indent: string, depth: number, currency: string | undefined): string[] {
  const [first = '', ...others] = linesOf(item, `${indent}  `, depth + 1, currency)
  return [`${indent}- ${first.trimStart()}`, ...others]
}

function fieldLines(
  name: string,
  value: unknown,
  indent: string,
  depth: number,
  currency: string | undefined,
): string[] {
  if (value === null || value === undefined || name === 'object') return []
  const title = name.replaceAll('_', ' ')
  if (typeof value === 'object') {
    const lines = linesOf(value, `${indent}  `, depth + 1, currency)
    return lines.length === 0 ? [] : [`${indent}${paint.bold(title)}`, ...lines]
  }
  const text = scalarText(name, value, currency)
  const wrapped = wrapText(`${title}: ${text}`, undefined, indent)
  return [wrapped.replace(`${indent}${title}:`, `${indent}${paint.dim(`${title}:`)}`)]
}

const amountName = /(^|_)(amount|fee|fixed|minor|captured|received|refunded|charged)(_|$)/

function scalarText(name: string, value: unknown, currency: string | undefined): string {
  const isAmount = typeof value === 'number' && amountName.test(name) && !/basis_points|_ms$|percent/.test(name)
  return isAmount && currency !== undefined && isCurrency(currency) ? amountText(value, currency) : String(value)
}
