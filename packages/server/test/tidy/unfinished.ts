import ts from 'typescript'
import type { Project, Source } from './project.ts'
import { type Breach, breachAt, chainOf, isTest, lineAt, lineOfOffset, type Rule, SERVER, SRC } from './rule.ts'

const FILE = `${SRC}/kernel/it.ts`
const MARKERS = /\b(?:TODO|FIXME|XXX|HACK)\b/g
const SILENCERS = /@ts-(?:ignore|nocheck)\b/g
const TEST_FUNCTIONS = /^(?:test|it|describe|suite|bench)\./
const LAZY = new Set(['only', 'skip', 'todo'])

function isLiteralPart(node: ts.Node): boolean {
  return ts.isLiteralExpression(node) || ts.isTemplateLiteralToken(node) || ts.isJsxText(node)
}

/** Matches in a file's code and comments; text inside literals is data and may hold such words. */
function matchesOutsideLiterals(source: Source, pattern: RegExp, message: string): Breach[] {
  const matches = [...source.text.matchAll(pattern)]
  if (matches.length === 0) return []
  const literals = source.nodes.filter(isLiteralPart)
  return matches
    .filter(({ index }) => !literals.some((node) => node.getStart(source.ast) <= index && index < node.end))
    .map(({ index }) => ({ path: source.path, line: lineAt(source, index), message }))
}

function markersInSql(project: Project, message: string): Breach[] {
  return [...project.texts]
    .filter(([path]) => path.endsWith('.sql'))
    .flatMap(([path, text]) =>
      [...text.matchAll(MARKERS)].map(({ index }) => ({ path, line: lineOfOffset(text, index), message })),
    )
}

const UNFINISHED = 'marks unfinished work: finish it, or open an issue and say here what holds today'

/** What is merged is finished. */
export const markersRule: Rule = {
  title: 'no work is marked as unfinished',
  check: (project) => [
    ...project.sources.flatMap((source) => matchesOutsideLiterals(source, MARKERS, UNFINISHED)),
    ...markersInSql(project, UNFINISHED),
  ],
  refuses: [
    {
      because: 'each marker in a comment, and in a migration',
      files: {
        [FILE]: '// TODO later\n/* FIXME */ const a = 1\nfunction b() { /* XXX */ }\n// a HACK',
        [`${SERVER}/migrations/0001_start.sql`]: 'select 1;\n-- TODO index',
      },
      at: [1, 2, 3, 4].map((line) => `${FILE}:${line}`).concat(`${SERVER}/migrations/0001_start.sql:2`),
    },
  ],
  accepts: [{ because: 'the currency that means none', files: { [FILE]: "export const none = 'XXX' // TODOS" } }],
}

/** The compiler is listened to. */
export const silencersRule: Rule = {
  title: 'the compiler is never silenced',
  check: (project) =>
    project.sources.flatMap((source) =>
      matchesOutsideLiterals(source, SILENCERS, 'silences the compiler: fix the type, or expect the error in a test'),
    ),
  refuses: [
    {
      because: 'a silenced file and a silenced line',
      files: { [FILE]: '// @ts-nocheck\n// @ts-ignore\nconst a = 1' },
      at: [`${FILE}:1`, `${FILE}:2`],
    },
  ],
  accepts: [{ because: 'an error that a test expects', files: { [FILE]: '// @ts-expect-error\nconst a: string = 1' } }],
}

function isLazyCall(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) return LAZY.has(node.name.text) && TEST_FUNCTIONS.test(chainOf(node))
  if (!ts.isCallExpression(node) || !TEST_FUNCTIONS.test(`${chainOf(node.expression)}.`)) return false
  return node.arguments.some(
    (argument) =>
      ts.isObjectLiteralExpression(argument) &&
      argument.properties.some(({ name }) => name !== undefined && ts.isIdentifier(name) && LAZY.has(name.text)),
  )
}

/** Every test that is written runs. */
export const lazyTestsRule: Rule = {
  title: 'no test is skipped, singled out or left for later',
  check: (project) =>
    project.sources
      .filter(({ path }) => isTest(path))
      .flatMap((source) =>
        source.nodes
          .filter(isLazyCall)
          .map((node) => breachAt(source, node, 'is not run with the others: run or remove it')),
      ),
  refuses: [
    {
      because: 'each way to leave a test out',
      files: {
        [`${SRC}/kernel/it.test.ts`]: [
          "test.only('a', () => {})",
          "describe.skip('b', () => {})",
          "it.todo('c')",
          "test.concurrent.skip.each([1])('d', () => {})",
          "test('e', { skip: true }, () => {})",
        ].join('\n'),
      },
      at: [1, 2, 3, 4, 5].map((line) => `${SRC}/kernel/it.test.ts:${line}`),
    },
  ],
  accepts: [
    {
      because: 'a page that is skipped by a query',
      files: { [`${SRC}/kernel/it.test.ts`]: "test('a', () => { list.skip(1); query({ skip: 2 }) })" },
    },
  ],
}
