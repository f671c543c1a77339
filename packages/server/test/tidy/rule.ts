import ts from 'typescript'
import type { Project, Source } from './project.ts'

/** One place that breaks a rule, and what to do instead. `line` counts from 1. */
export type Breach = { readonly path: string; readonly line: number; readonly message: string }

/** A small project on which a rule must find exactly the breaches named by `at` (`path:line`). */
export type Planted = {
  readonly because: string
  readonly files: Readonly<Record<string, string>>
  readonly at: readonly string[]
}

/**
 * A house rule. It carries the planted breaches that it must find, at least one, so that a rule which cannot fail
 * does not compile; and the neighbouring code that it must leave alone.
 */
export type Rule = {
  readonly title: string
  readonly check: (project: Project) => readonly Breach[]
  readonly refuses: readonly [Planted, ...Planted[]]
  readonly accepts: readonly Omit<Planted, 'at'>[]
}

/** Where planted files stand, spelled once. */
export const SERVER = 'packages/server'
/** The server's source folder. */
export const SRC = `${SERVER}/src`

/** Line of a position in a file, from 1. */
export function lineAt(source: Source, position: number): number {
  return source.ast.getLineAndCharacterOfPosition(position).line + 1
}

/** A breach at a node of the syntax tree. */
export function breachAt(source: Source, node: ts.Node, message: string): Breach {
  return { path: source.path, line: lineAt(source, node.getStart(source.ast)), message }
}

/** Line of an offset in a plain text, from 1. */
export function lineOfOffset(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

/** Tests beside the code, and everything under a `test` folder. */
export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || /^packages\/[^/]+\/test\//.test(path)
}

/** Benchmarks, test support and journeys: code that no running gateway contains. */
export function isOutsideSrc(path: string): boolean {
  return !/^packages\/[^/]+\/src\//.test(path)
}

/** The breaches as text, one a line, for the message of a failing test; empty when there are none. */
export function describeBreaches(breaches: readonly Breach[]): string {
  return breaches.map(({ path, line, message }) => `${path}:${line} ${message}`).join('\n')
}

/** Names a node's called or accessed chain: `test.each` for `test.each(rows)('…')`, empty when it is no plain chain. */
export function chainOf(node: ts.Expression): string {
  if (ts.isIdentifier(node)) return node.text
  if (ts.isPropertyAccessExpression(node)) return `${chainOf(node.expression)}.${node.name.text}`
  if (ts.isCallExpression(node)) return chainOf(node.expression)
  if (ts.isTaggedTemplateExpression(node)) return chainOf(node.tag)
  return ''
}
