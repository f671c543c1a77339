import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createContext, Script } from 'node:vm'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

// Every regular expression in the code that a request, a payer, a receiver's answer or a log line can reach is run on long
// texts made to send it back and forth. One that needs time beyond proportion holds the whole process up.

const source = join(import.meta.dirname, '../../src')
const layers = '{kernel,platform,ledger,engine,rails,http,dialects,checkout,workers}/**/*.ts'
const characters = 10_000
/** How much longer than plainly reading a text of that length. A quadratic expression needs thousands of times as long. */
const slowestRatio = 100
/** Below this nothing can be told from noise on a busy machine. */
const noticedMs = 25
const tries = 3
const givenUpAfterMs = 2_000

/** What these read is of a bounded length, or our own or the operator's: `file: expression` and why. */
const notReached: Readonly<Record<string, string>> = {
  [String.raw`platform/ip-networks.ts: /\d+\.\d+\.\d+\.\d+/`]: 'only an IPv6 address that node:net knows gets there',
  [String.raw`platform/log-scrubber.ts: /"[^"\\]*(?:\\.[^"\\]*)*"|-?[0-9][0-9.eE+-]*|[{}[\]]/g`]:
    'a line is JSON, where a quote that opens is closed; its own test attacks it with what a line can hold',
  [String.raw`kernel/setting.ts: /\/+$/`]: 'the operator\u2019s own setting',
}

interface Expression {
  readonly file: string
  readonly pattern: RegExp
}

function expressionsIn(file: string): readonly Expression[] {
  const parsed = ts.createSourceFile(file, readFileSync(join(source, file), 'utf8'), ts.ScriptTarget.Latest)
  const found: Expression[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/')
      found.push({ file, pattern: new RegExp(node.text.slice(1, end), node.text.slice(end + 1)) })
    }
    ts.forEachChild(node, visit)
  }
  visit(parsed)
  return found
}

const expressions = globSync(layers, { cwd: source })
  .filter((file) => !file.endsWith('.test.ts'))
  .flatMap(expressionsIn)

/** Texts of which parts match again and again, none of them to the end. */
function attacksOn({ pattern }: Expression): readonly string[] {
  const literal = pattern.source.match(/[A-Za-z0-9_:@/.+-]{2,}/g) ?? []
  const units = [
    ...[
      'a',
      'A',
      '0',
      '9',
      ' ',
      '\t',
      '\n',
      '-',
      '.',
      '/',
      '\\',
      '"',
      "'",
      '=',
      ':',
      '@',
      '_',
      '[',
      '+',
      ',',
      '*',
      'é',
    ],
    ...['a-', 'a.', '0 ', '0-', 'a@', '1.', 'a:', '\\"', '\\u', ' \t', '/a', ':1', '=a', '"a', 'Aa0', ...literal],
  ]
  const starts = ['', ...literal, ...literal.map((text) => `${text} `), 'http://', 'Bearer ', '"']
  return starts.flatMap((start) =>
    units.map((unit) => `${start}${unit.repeat(Math.ceil(characters / unit.length))}\u0001`),
  )
}

/** The shortest of some runs, in milliseconds. */
function timeOf(run: () => unknown): number {
  const times = Array.from({ length: tries }, () => {
    const startedAt = performance.now()
    run()
    return performance.now() - startedAt
  })
  return Math.min(...times)
}

const sandbox = createContext({ pattern: /a/, text: '' })
const script = new Script(`pattern.lastIndex = 0; pattern.global ? text.replace(pattern, '') : pattern.test(text)`)

/** Uses the expression as the code does; throws when that takes longer than anybody would wait. */
function use(pattern: RegExp, text: string): void {
  Object.assign(sandbox, { pattern, text })
  script.runInContext(sandbox, { timeout: givenUpAfterMs })
}

function isSlow(pattern: RegExp, text: string): boolean {
  try {
    const startedAt = performance.now()
    use(pattern, text)
    if (performance.now() - startedAt < noticedMs) return false
    const plain = timeOf(() => use(/^[^~]*$/, text))
    return timeOf(() => use(pattern, text)) / plain > slowestRatio
  } catch {
    return true
  }
}

describe('the regular expressions of what strangers reach', () => {
  test('are found', () => {
    expect(expressions.length).toBeGreaterThan(60)
  })

  test('need time in proportion to the text, whatever it is', () => {
    const slow = expressions.flatMap((expression) => {
      const name = `${expression.file}: ${expression.pattern}`
      if (Object.hasOwn(notReached, name)) return []
      const attack = attacksOn(expression).find((text) => isSlow(expression.pattern, text))
      return attack === undefined ? [] : [`${name} on ${JSON.stringify(attack.slice(0, 24))}…`]
    })
    expect(slow).toEqual([])
  }, 40_000)

  test.each([/^(a+)+$/, /\d+x/, /\s+$/, /^(?:[^\s@]+\.?)+@x$/])('%s would be found out', (pattern) => {
    expect(attacksOn({ file: 'a.ts', pattern }).some((text) => isSlow(pattern, text))).toBe(true)
  })
})
