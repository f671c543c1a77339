import ts from 'typescript'
import type { Source } from './project.ts'
import { type Breach, breachAt, chainOf, isOutsideSrc, type Rule, SERVER, SRC } from './rule.ts'

const SOURCES_OF_CHANCE = [`${SRC}/kernel/clock.ts`, `${SRC}/kernel/ids.ts`, `${SRC}/config.ts`]
const CONFINED = new Map([
  ['Date.now', 'take the clock as an argument (kernel/clock.ts)'],
  ['Temporal.Now', 'take the clock as an argument (kernel/clock.ts)'],
  ['Math.random', 'take ids from kernel/ids.ts, secrets from node:crypto, chance from a seed'],
  ['process.env', 'read it in config.ts, and pass the parsed value'],
])

function bindsEnv(names: ts.Node): boolean {
  return (
    (ts.isNamedImports(names) || ts.isObjectBindingPattern(names)) &&
    names.elements.some((element) => (element.propertyName ?? element.name).getText() === 'env')
  )
}

/** `import { env } from 'node:process'` and `const { env } = process` are the same thing by another name. */
function takesEnv(node: ts.Node): boolean {
  if (ts.isVariableDeclaration(node)) return node.initializer?.getText() === 'process' && bindsEnv(node.name)
  if (!ts.isImportDeclaration(node) || !ts.isStringLiteral(node.moduleSpecifier)) return false
  const names = node.importClause?.namedBindings
  return /^(?:node:)?process$/.test(node.moduleSpecifier.text) && names !== undefined && bindsEnv(names)
}

function isBareDate(node: ts.Node): boolean {
  if (ts.isNewExpression(node)) return chainOf(node.expression) === 'Date' && (node.arguments?.length ?? 0) === 0
  return ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'Date'
}

function chanceIn(source: Source): Breach[] {
  return source.nodes.flatMap((node) => {
    if (isBareDate(node)) return [breachAt(source, node, `reads the time: ${CONFINED.get('Date.now')}`)]
    if (takesEnv(node)) return [breachAt(source, node, `takes process.env: ${CONFINED.get('process.env')}`)]
    if (!ts.isPropertyAccessExpression(node)) return []
    const name = chainOf(node).replace(/^globalThis\./, '')
    const advice = CONFINED.get(name)
    return advice === undefined ? [] : [breachAt(source, node, `uses ${name}: ${advice}`)]
  })
}

/** Time, chance and the environment enter at three places, so that everything else can be replayed from a seed. */
export const chanceRule: Rule = {
  title: 'time, chance and the environment enter at three places',
  check: (project) =>
    project.sources
      .filter(({ path }) => !isOutsideSrc(path) && !SOURCES_OF_CHANCE.includes(path))
      .flatMap((source) => chanceIn(source)),
  refuses: [
    {
      because: 'every way to read time, chance or the environment',
      files: {
        [`${SRC}/engine/refunds/refund.ts`]: [
          "import { env } from 'node:process'",
          'const a = Date.now()',
          'const b = new Date()',
          'const c = new Date',
          'const d = Math.random()',
          'const e = process.env',
          'const { env: f } = process',
          'const g = [1].map(globalThis.Date.now)',
          'const h = Temporal.Now.instant()',
        ].join('\n'),
      },
      at: [1, 2, 3, 4, 5, 6, 7, 8, 9].map((line) => `${SRC}/engine/refunds/refund.ts:${line}`),
    },
  ],
  accepts: [
    {
      because: 'the three places, tests and benchmarks',
      files: {
        [`${SRC}/kernel/clock.ts`]: 'export const now = () => Date.now()',
        [`${SRC}/config.ts`]: 'export const port = process.env',
        [`${SERVER}/test/support/wait.ts`]: 'export const now = () => Date.now()',
        [`${SERVER}/bench/floor.ts`]: 'export const now = () => Date.now()',
      },
    },
    {
      because: 'a date made from an instant, and words in a comment',
      files: { [`${SRC}/kernel/text.ts`]: '// not Date.now\nexport const it = (at: number) => new Date(at)' },
    },
  ],
}

function mayHoldDecimals(path: string): boolean {
  return isOutsideSrc(path) || /\/src\/(?:dialects\/[^/]+\/wire|rails\/[^/]+\/mapping)(?:\.test)?\.ts$/.test(path)
}

function decimalsIn(source: Source): Breach[] {
  return source.nodes.flatMap((node) => {
    if (!ts.isCallExpression(node)) return []
    const name = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : chainOf(node.expression)
    if (name !== 'parseFloat' && name !== 'toFixed') return []
    return [
      breachAt(source, node, `calls ${name}: money is a bigint of minor units; decimals stay in wire.ts or mapping.ts`),
    ]
  })
}

/** Decimal text and floating point stay at the wire. */
export const decimalsRule: Rule = {
  title: 'decimal text is read and written only at the wire',
  check: (project) => project.sources.filter(({ path }) => !mayHoldDecimals(path)).flatMap(decimalsIn),
  refuses: [
    {
      because: 'a parsed float and a rounded number in the engine',
      files: {
        [`${SRC}/engine/payments/payment.ts`]:
          "const a = parseFloat('1.10')\nconst b = Number.parseFloat('1')\nconst c = (1 / 3).toFixed(2)",
      },
      at: [1, 2, 3].map((line) => `${SRC}/engine/payments/payment.ts:${line}`),
    },
    {
      because: 'a dialect file that is not its wire',
      files: { [`${SRC}/dialects/panel/errors.ts`]: 'const a = (1).toFixed(2)' },
      at: [`${SRC}/dialects/panel/errors.ts:1`],
    },
  ],
  accepts: [
    {
      because: 'the wire of a dialect, the mapping of a rail and a benchmark',
      files: {
        [`${SRC}/dialects/panel/wire.ts`]: 'const a = (1).toFixed(2)',
        [`${SRC}/rails/card/mapping.ts`]: "const a = parseFloat('1')",
        [`${SERVER}/bench/floor.ts`]: 'const a = (1).toFixed(2)',
      },
    },
  ],
}
