import ts from 'typescript'
import type { Source } from './project.ts'
import { type Breach, breachAt, isOutsideSrc, isTest, type Rule, SRC } from './rule.ts'

type Declared = { readonly name: string; readonly node: ts.Statement; readonly isExported: boolean }

function isExported(node: ts.Statement): boolean {
  return ts.canHaveModifiers(node) && !!ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
}

function namesOf(node: ts.Statement): string[] {
  if (ts.isVariableStatement(node)) return node.declarationList.declarations.map(({ name }) => name.getText())
  const isNamed =
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node)
  return isNamed && node.name ? [node.name.text] : []
}

function declaredIn({ ast }: Source): Declared[] {
  const listed = new Set(
    ast.statements.flatMap((statement) =>
      ts.isExportDeclaration(statement) && !statement.moduleSpecifier && statement.exportClause
        ? ts.isNamedExports(statement.exportClause)
          ? statement.exportClause.elements.map(({ name, propertyName }) => (propertyName ?? name).text)
          : []
        : [],
    ),
  )
  return ast.statements.flatMap((node) =>
    namesOf(node).map((name) => ({ name, node, isExported: isExported(node) || listed.has(name) })),
  )
}

function hasComment(node: ts.Node): boolean {
  return ts.getJSDocCommentsAndTags(node).some((doc) => /[A-Za-z]{2,}/.test(doc.getText()))
}

/** An endpoint's summary is published in the OpenAPI document: it is the comment, and better read. */
function hasSummary(node: ts.Node): boolean {
  if (ts.isPropertyAssignment(node) && node.name.getText() === 'summary') {
    return ts.isStringLiteralLike(node.initializer) && node.initializer.text.trim() !== ''
  }
  return ts.forEachChild(node, hasSummary) ?? false
}

function undocumented(source: Source): Breach[] {
  const declared = declaredIn(source)
  const isEndpoint = /\/endpoints\/[^/]+\.ts$/.test(source.path)
  const explained = new Set(declared.filter(({ node }) => hasComment(node)).map(({ name }) => name))
  return declared
    .filter(({ name, node, isExported }) => isExported && !explained.has(name) && !(isEndpoint && hasSummary(node)))
    .map(({ name, node }) => breachAt(source, node, `exports ${name} without a doc comment: say what it guarantees`))
}

const FILE = `${SRC}/kernel/it.ts`

/** What a file offers is explained where it is declared. */
export const documentedRule: Rule = {
  title: 'everything exported is explained',
  check: (project) =>
    project.sources
      .filter(({ path }) => !isOutsideSrc(path) && !isTest(path))
      .flatMap((source) => undocumented(source)),
  refuses: [
    {
      because: 'each kind of export without a comment',
      files: {
        [FILE]: [
          'export function a() {}',
          'export type B = string',
          'export interface C { d: string }',
          'export const e = 1',
          'export class F {}',
          'const g = 1',
          'export { g }',
          '// not a doc comment',
          'export const h = 1',
          '/** */',
          'export const i = 1',
        ].join('\n'),
      },
      at: [1, 2, 3, 4, 5, 6, 9, 11].map((line) => `${FILE}:${line}`),
    },
    {
      because: 'an endpoint without a summary',
      files: { [`${SRC}/dialects/panel/endpoints/pay.ts`]: "export const pay = defineEndpoint({ path: '/' })" },
      at: [`${SRC}/dialects/panel/endpoints/pay.ts:1`],
    },
  ],
  accepts: [
    {
      because: 'comments, overloads, private things and re-exports',
      files: {
        [FILE]: [
          '/** Adds. */',
          'export function a(b: string): string',
          'export function a(b: unknown): unknown { return b }',
          'const c = 1',
          "export { d } from './d.ts'",
        ].join('\n'),
      },
    },
    {
      because: 'an endpoint with a summary, and a test',
      files: {
        [`${SRC}/dialects/panel/endpoints/pay.ts`]: "export const pay = defineEndpoint({ summary: 'Take a payment' })",
        [`${SRC}/kernel/it.test.ts`]: 'export const a = 1',
      },
    },
  ],
}
