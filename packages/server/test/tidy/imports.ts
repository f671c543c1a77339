import { posix } from 'node:path'
import ts from 'typescript'
import type { Source } from './project.ts'
import { lineAt } from './rule.ts'

/** One import, re-export, dynamic import or import type. `target` is a path from the root for a relative specifier. */
export type Import = { readonly specifier: string; readonly line: number; readonly target: string | undefined }

function specifierOf(node: ts.Node): ts.Expression | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return node.arguments[0]
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal
  if (ts.isExternalModuleReference(node)) return node.expression
  return undefined
}

/** Every module that a file names, in source order; a computed dynamic import has no name and is left out. */
export function importsOf(source: Source): readonly Import[] {
  return source.nodes.flatMap((node) => {
    const specifier = specifierOf(node)
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return []
    const name = specifier.text
    const target = name.startsWith('.') ? posix.join(posix.dirname(source.path), name) : undefined
    return [{ specifier: name, line: lineAt(source, specifier.getStart(source.ast)), target }]
  })
}
