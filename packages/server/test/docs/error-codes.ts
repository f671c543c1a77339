import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { callsOf, type Sources, textsOf, UnboundParameter } from './possible-texts.ts'

/** Where the sources stand. */
export const sourceRoot = join(import.meta.dirname, '../../src')

/** An error passes through this many functions at most between the place that names its code and the one that makes it. */
const wrappersMax = 4

/** Tests, and what only tests run. */
const unraised = /\.test\.ts$|conformance|(?:^|\/)sample-commands\.ts$/

/**
 * Every error code that a caller can meet, with its kind, as the sources raise it: each `new EngineError(kind, code)` is followed
 * back through the functions that wrap it to the texts that it can be given. A code that is raised with several kinds has them
 * in order, with commas. Throws for a code that cannot be followed, so that no new way of raising errors escapes the page. Of the broken
 * invariants (`internal`) only those with a plain text are listed: they are defects.
 */
export function raisedCodes(): Map<string, string> {
  const kindsOf = new Map<string, Set<string>>()
  const sources = readSources()
  for (const made of [...sources.values()].flatMap(errorsMadeIn)) {
    for (const [kind, code] of facesOf(sources, made, new Map(), wrappersMax)) {
      kindsOf.set(code, (kindsOf.get(code) ?? new Set()).add(kind))
    }
  }
  return new Map([...kindsOf].map(([code, kinds]) => [code, listed(kinds)]))
}

/** The codes that docs/errors.md explains, with the kind it gives them; several rows of one code are several kinds. */
export function documentedCodes(markdown: string): Map<string, string> {
  const kindsOf = new Map<string, Set<string>>()
  for (const [, code = '', kind = ''] of markdown.matchAll(/^\| `([a-z_]+)` \| `([a-z_]+)` \|/gm)) {
    kindsOf.set(code, (kindsOf.get(code) ?? new Set()).add(kind))
  }
  return new Map([...kindsOf].map(([code, kinds]) => [code, listed(kinds)]))
}

function listed(kinds: ReadonlySet<string>): string {
  const answered = [...kinds].filter((kind) => kind !== 'internal').sort()
  return answered.length > 0 ? answered.join(', ') : 'internal'
}

function readSources(): Sources {
  const paths = globSync('**/*.ts', { cwd: sourceRoot }).filter((path) => !unraised.test(path))
  return new Map(
    paths.map((path) => {
      const text = readFileSync(join(sourceRoot, path), 'utf8')
      return [path, ts.createSourceFile(path, text, ts.ScriptTarget.ES2024, true)]
    }),
  )
}

interface ErrorMade {
  readonly kind: ts.Expression
  readonly code: ts.Expression
}

function errorsMadeIn(source: ts.SourceFile): ErrorMade[] {
  const found: ErrorMade[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'EngineError') {
      const [kind, code] = node.arguments ?? []
      if (kind && code) found.push({ kind, code })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

type Face = readonly [kind: string, code: string]

/** Where a text depends on what a function is given, each of its calls gives faces of its own. */
function facesOf(
  sources: Sources,
  made: ErrorMade,
  bound: ReadonlyMap<ts.ParameterDeclaration, ts.Expression>,
  wrappersLeft: number,
): Face[] {
  try {
    const kinds = textsOf(made.kind, bound)
    if (kinds.join() === 'internal' && !ts.isStringLiteral(made.code)) return []
    const codes = textsOf(made.code, bound)
    return kinds.flatMap((kind) => codes.map((code): Face => [kind, code]))
  } catch (error) {
    if (!(error instanceof UnboundParameter) || wrappersLeft === 0) throw error
    return callsOf(sources, error.parameter).flatMap((given) =>
      facesOf(sources, made, new Map([...bound, ...given]), wrappersLeft - 1),
    )
  }
}
