import ts from 'typescript'
import type { Source } from './project.ts'
import { breachAt, type Rule, SRC } from './rule.ts'

const FILE = `${SRC}/kernel/it.ts`

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true
  if (ts.isExportSpecifier(node)) return node.name.text === 'default'
  return ts.canHaveModifiers(node) && !!ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)
}

/** `declare module 'fastify'` and `declare global` widen someone else's types; only our own namespaces are refused. */
function isNamespace(node: ts.Node): boolean {
  return ts.isModuleDeclaration(node) && ts.isIdentifier(node.name) && node.name.text !== 'global'
}

function refuseNodes(isRefused: (node: ts.Node) => boolean, message: string): Rule['check'] {
  const inSource = (source: Source) => source.nodes.filter(isRefused).map((node) => breachAt(source, node, message))
  return (project) => project.sources.flatMap(inSource)
}

/** One name for one thing, in every file. */
export const defaultExportRule: Rule = {
  title: 'nothing is exported as default',
  check: refuseNodes(isDefaultExport, 'is a default export: give it a name and export that'),
  refuses: [
    {
      because: 'each form of a default export',
      files: {
        [FILE]: 'const a = 1\nexport default a',
        [`${SRC}/kernel/two.ts`]: 'export default function two() {}',
        [`${SRC}/kernel/three.ts`]: 'const a = 1\nexport { a as default }',
      },
      at: [`${FILE}:2`, `${SRC}/kernel/three.ts:2`, `${SRC}/kernel/two.ts:1`],
    },
  ],
  accepts: [{ because: 'an import of a default', files: { [FILE]: "import pg from 'pg'\nexport const a = pg" } }],
}

/** Unknown input is `unknown` until it is parsed. */
export const anyRule: Rule = {
  title: 'nothing is typed any',
  check: refuseNodes(({ kind }) => kind === ts.SyntaxKind.AnyKeyword, 'is any: parse it, or say unknown'),
  refuses: [
    {
      because: 'any as a type, an argument and a cast',
      files: { [FILE]: 'let a: any\nlet b: Map<string, any>\nconst c = a as any' },
      at: [`${FILE}:1`, `${FILE}:2`, `${FILE}:3`],
    },
  ],
  accepts: [{ because: 'the word any elsewhere', files: { [FILE]: "// any\nexport const any = 'any'" } }],
}

/** Types are stripped, not compiled: only syntax that vanishes may be used. */
export const erasableRule: Rule = {
  title: 'there is no enum and no namespace',
  check: refuseNodes(
    (node) => ts.isEnumDeclaration(node) || isNamespace(node),
    'cannot be stripped: use a const object with a union of its values, or a module',
  ),
  refuses: [
    {
      because: 'an enum and a namespace',
      files: { [FILE]: 'export enum A { B }\nexport namespace C { export const d = 1 }' },
      at: [`${FILE}:1`, `${FILE}:2`],
    },
  ],
  accepts: [
    {
      because: "widening a library's types",
      files: { [FILE]: "declare module 'fastify' { interface FastifyRequest { it: string } }\ndeclare global { }" },
    },
  ],
}
