import ts from 'typescript'
import type { Source } from './project.ts'
import { chainOf } from './rule.ts'

/** A piece of SQL in a source file. In `text` an interpolation is `${}`; `raw` is the source as it is written. */
export type SqlText = { readonly node: ts.Node; readonly text: string; readonly raw: string }

const FILLED_IN = `\${}`
const STATEMENT =
  /^(?:select\b[\s\S]*\bfrom\b|insert\s+into\b|update\s+[\s\S]*\bset\b|delete\s+from\b|with\s+(?:recursive\s+)?[\w"]+\s*(?:\([^)]*\)\s*)?as\s)/i
const LEADING_COMMENTS = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/
const BUILDER_CALL = /\.(?:selectFrom|insertInto|updateTable|deleteFrom|mergeInto)$/

/** A sentence such as "Select a bank from the list" is prose: one capital, and none of the signs that SQL needs. */
function isProse(text: string): boolean {
  return /^[A-Z][a-z]/.test(text) && !/[*$=(;_]/.test(text)
}

function looksLikeSql(text: string): boolean {
  const statement = text.replace(LEADING_COMMENTS, '')
  return STATEMENT.test(statement) && !isProse(statement)
}

function isJoin(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken
}

/** The text that an expression of literals, templates and `+` builds; what it cannot know becomes `${}`. */
function textOf(node: ts.Node): string {
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map((span) => FILLED_IN + span.literal.text).join('')
  }
  if (isJoin(node)) return textOf(node.left) + textOf(node.right)
  if (ts.isParenthesizedExpression(node)) return textOf(node.expression)
  return FILLED_IN
}

function isSqlTag(node: ts.Node | undefined): node is ts.TaggedTemplateExpression {
  return node !== undefined && ts.isTaggedTemplateExpression(node) && /^sql(?:\.|$)/.test(chainOf(node.tag))
}

/** Every text that reads like a statement, or is tagged `sql`. A concatenation counts once, as a whole. */
export function sqlTextsOf(source: Source): readonly SqlText[] {
  return source.nodes.flatMap((node) => {
    const isText = ts.isStringLiteralLike(node) || ts.isTemplateExpression(node) || isJoin(node)
    if (!isText || isJoin(node.parent)) return []
    const text = textOf(node)
    if (!looksLikeSql(text) && !isSqlTag(node.parent)) return []
    return [{ node, text, raw: node.getText(source.ast) }]
  })
}

/** Every call that begins a statement of the query builder: `selectFrom('payments')` and its kind. */
export function builderCallsOf(source: Source): readonly ts.CallExpression[] {
  return source.nodes.filter(
    (node): node is ts.CallExpression => ts.isCallExpression(node) && BUILDER_CALL.test(chainOf(node.expression)),
  )
}
