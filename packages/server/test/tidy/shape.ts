import ts from 'typescript'
import type { Project, Source } from './project.ts'
import { type Breach, breachAt, chainOf, isTest, lineAt, type Rule, SRC } from './rule.ts'

const FILE_LINES_MAX = 400
const FUNCTION_LINES_MAX = 50
const FILE = `${SRC}/kernel/it.ts`
const TEST_CALLS = /^(?:test|it|describe|suite|bench|before|after|beforeEach|afterEach|beforeAll|afterAll)(?:\.|$)/
const THE_DOOR = `${SRC}/engine/index.ts`
const EMPTY_WORDS = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc'])
const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
const WATCHED = /^packages\/[^/]+\/(?:src|bench|test|bin)\//
const NAMES_BY_CUSTOM = new Set(['README.md', 'LICENSE'])

function linesOf(text: string): number {
  return text.replace(/\n$/, '').split('\n').length
}

/** A file is read in one sitting. */
export const fileLengthRule: Rule = {
  title: 'no file is longer than 400 lines',
  check: (project) =>
    project.sources
      .filter(({ text }) => linesOf(text) > FILE_LINES_MAX)
      .map(({ path, text }) => ({
        path,
        line: FILE_LINES_MAX + 1,
        message: `is ${linesOf(text)} lines long: split it by what its parts are for`,
      })),
  refuses: [{ because: 'a file of 401 lines', files: { [FILE]: `${'//\n'.repeat(401)}` }, at: [`${FILE}:401`] }],
  accepts: [{ because: 'a file of 400 lines', files: { [FILE]: `${'//\n'.repeat(400)}` } }],
}

function isTestCallback(node: ts.Node): boolean {
  return ts.isCallExpression(node.parent) && TEST_CALLS.test(chainOf(node.parent.expression))
}

/** Lines between the braces; for an arrow with an expression, the lines of the expression. */
function bodyLines(source: Source, body: ts.Node): number {
  const first = lineAt(source, body.getStart(source.ast))
  const last = lineAt(source, body.end)
  return ts.isBlock(body) ? Math.max(last - first - 1, 0) : last - first + 1
}

function longFunctions(source: Source): Breach[] {
  return source.nodes.flatMap((node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return []
    const count = bodyLines(source, node.body)
    if (count <= FUNCTION_LINES_MAX || isTestCallback(node)) return []
    return [breachAt(source, node, `is a function of ${count} lines: give its steps names of their own`)]
  })
}

/** A function is seen whole. The callback of a test may be longer: it is a story, not a step. */
export const functionLengthRule: Rule = {
  title: 'no function is longer than 50 lines',
  check: (project) => project.sources.flatMap(longFunctions),
  refuses: [
    {
      because: 'each kind of function with 51 lines',
      files: {
        [FILE]: `\nfunction a() {${'\n1'.repeat(51)}\n}`,
        [`${SRC}/kernel/method.ts`]: `const a = { b() {${'\n1'.repeat(51)}\n} }`,
        [`${SRC}/kernel/arrow.ts`]: `const a = () => [${'\n1,'.repeat(50)}\n]`,
      },
      at: [`${SRC}/kernel/arrow.ts:1`, `${FILE}:2`, `${SRC}/kernel/method.ts:1`],
    },
  ],
  accepts: [
    {
      because: 'a function of 50 lines, and a long test',
      files: {
        [FILE]: `function a() {${'\n1'.repeat(50)}\n}`,
        [`${SRC}/kernel/it.test.ts`]: `describe('a', () => {\ntest.each([1])('b', () => {${'\n1'.repeat(60)}\n})\n})`,
      },
    },
  ],
}

/** Only re-exports, straight from another file or by way of an import. */
function isBarrel({ ast }: Source): boolean {
  const statements = ast.statements
  const onward = statements.filter((statement) => ts.isExportDeclaration(statement))
  return onward.length > 0 && statements.every((it) => ts.isExportDeclaration(it) || ts.isImportDeclaration(it))
}

/** A barrel hides where a thing lives and drags in its neighbours. The engine's door is the one exception. */
export const barrelRule: Rule = {
  title: 'there is one barrel, the door of the engine',
  check: (project) =>
    project.sources
      .filter((source) => source.path !== THE_DOOR && isBarrel(source))
      .map(({ path }) => ({
        path,
        line: 1,
        message: 'only re-exports: import each thing from the file that defines it',
      })),
  refuses: [
    {
      because: 'both forms of a barrel',
      files: {
        [`${SRC}/ledger/index.ts`]: "export * from './chart.ts'",
        [`${SRC}/http/index.ts`]: "import { a } from './a.ts'\nexport { a }",
      },
      at: [`${SRC}/http/index.ts:1`, `${SRC}/ledger/index.ts:1`],
    },
  ],
  accepts: [
    {
      because: 'the door, and an index that defines something',
      files: {
        [THE_DOOR]: "export * from './payments/payment.ts'",
        [`${SRC}/dialects/panel/index.ts`]: "import { a } from './a.ts'\nexport const panel = { a }",
      },
    },
  ],
}

function badNames(project: Project, judge: (segment: string, isLast: boolean) => string | undefined): Breach[] {
  return [...project.texts.keys()]
    .filter((path) => WATCHED.test(path))
    .flatMap((path) => {
      const segments = path.split('/').slice(2)
      const messages = segments.map((segment, index) => judge(segment, index === segments.length - 1))
      return messages.flatMap((message) => (message === undefined ? [] : [{ path, line: 1, message }]))
    })
}

/** A name says what is inside. */
export const emptyNamesRule: Rule = {
  title: 'no file or folder has a name that says nothing',
  check: (project) =>
    badNames(project, (segment) => {
      const empty = segment.split(/[-.]/).find((word) => EMPTY_WORDS.has(word))
      return empty === undefined ? undefined : `is named "${empty}": name it for what it does`
    }),
  refuses: [
    {
      because: 'a folder and two files',
      files: {
        [`${SRC}/kernel/common/money.ts`]: '',
        [`${SRC}/kernel/utils.ts`]: '',
        [`${SRC}/kernel/date-helpers.test.ts`]: '',
      },
      at: [`${SRC}/kernel/common/money.ts:1`, `${SRC}/kernel/date-helpers.test.ts:1`, `${SRC}/kernel/utils.ts:1`],
    },
  ],
  accepts: [{ because: 'a word that only contains one', files: { [`${SRC}/kernel/commonwealth.ts`]: '' } }],
}

/** One spelling of names, on every file system. */
export const kebabRule: Rule = {
  title: 'files and folders are named in kebab-case',
  check: (project) =>
    badNames(project, (segment, isLast) => {
      if (NAMES_BY_CUSTOM.has(segment)) return undefined
      const parts = isLast ? segment.split('.') : [segment]
      return parts.every((part) => KEBAB.test(part))
        ? undefined
        : `has "${segment}" in its path: write it in kebab-case`
    }),
  refuses: [
    {
      because: 'camels and snakes',
      files: {
        [`${SRC}/kernel/engineError.ts`]: '',
        [`${SRC}/kernel/engine_error.ts`]: '',
        [`${SRC}/Kernel/money.ts`]: '',
      },
      at: [`${SRC}/Kernel/money.ts:1`, `${SRC}/kernel/engineError.ts:1`, `${SRC}/kernel/engine_error.ts:1`],
    },
  ],
  accepts: [
    {
      because: 'kebab-case with suffixes',
      files: { [`${SRC}/kernel/engine-error.test.ts`]: '', [`${SRC}/dialects/panel/README.md`]: '' },
    },
  ],
}

/** A test lies beside the code it is about, under its name. */
export const testNamesRule: Rule = {
  title: 'what calls a test is a test file',
  check: (project) =>
    project.sources
      .filter(({ path }) => !isTest(path) && !/\/[\w-]*conformance(?:-examples)?\.ts$/.test(path))
      .flatMap((source) => {
        const found = source.nodes.find(
          (node) => ts.isImportDeclaration(node) && node.moduleSpecifier.getText(source.ast) === "'vitest'",
        )
        return found ? [breachAt(source, found, 'imports vitest: rename it to *.test.ts, or it never runs')] : []
      }),
  refuses: [
    {
      because: 'a test under a name that the runner does not see',
      files: { [`${SRC}/kernel/money-tests.ts`]: "import { test } from 'vitest'" },
      at: [`${SRC}/kernel/money-tests.ts:1`],
    },
  ],
  accepts: [
    {
      because: 'tests and conformance suites',
      files: {
        [`${SRC}/kernel/money.test.ts`]: "import { test } from 'vitest'",
        [`${SRC}/engine/commit/store-conformance.ts`]: "import { test } from 'vitest'",
      },
    },
  ],
}
