import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { createCheckoutTokens } from '../../src/checkout/checkout-token.ts'

// How far a guess agrees with a secret must not show in the time that its refusal takes. First by how the code is built,
// then coarsely by the clock.

const source = join(import.meta.dirname, '../../src')
const secretName = /(?:secret|signature|digest|hmac|mac|password|apiKey)$/i
const comparisons = new Set([
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
])

const nameOf = (node: ts.Expression): string =>
  ts.isIdentifier(node) ? node.text : ts.isPropertyAccessExpression(node) ? node.name.text : ''

/** Comparisons of a secret with another text, character by character, as `file: text`. */
function plainComparisonsIn(file: string, text: string): readonly string[] {
  const parsed = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && comparisons.has(node.operatorToken.kind)) {
      const sides = [node.left, node.right]
      const isAboutPresence = sides.some((side) => ['undefined', 'null', "''"].includes(side.getText()))
      const isSecret = sides.some((side) => secretName.test(nameOf(side)))
      if (isSecret && !isAboutPresence) found.push(`${file}: ${node.getText()}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(parsed)
  return found
}

describe('a secret', () => {
  test('is compared with another text in constant time only, or by the hash that an index looks up', () => {
    const files = globSync('**/*.ts', { cwd: source }).filter((file) => !/\.test\.ts$|^simulation\//.test(file))
    expect(files.length).toBeGreaterThan(200)
    expect(files.flatMap((file) => plainComparisonsIn(file, readFileSync(join(source, file), 'utf8')))).toEqual([])
    expect(plainComparisonsIn('a.ts', 'if (signature === given.signature && secret !== undefined) {}')).toHaveLength(1)
  })

  test('is presented as a key that is hashed before anything looks at it', () => {
    const text = readFileSync(join(source, 'engine/access/authenticate.ts'), 'utf8')
    expect(text).toContain('apiKeyByHashFact(hashOfKey(key))')
    expect([...text.matchAll(/\bkey\b(?=\s*[!=]==)/g)]).toEqual([])
  })

  test('does not show in the time of a refusal how much of a guess was right', () => {
    const tokens = createCheckoutTokens('k'.repeat(64))
    const scope = { merchantId: 'mer_0000000000000000000000dem0', mode: 'sandbox' } as const
    const token = tokens.tokenFor(scope, 'pay_01m7ze9t6ze8famfa7apm68k79')
    const other = (character: string | undefined) => (character === '0' ? '1' : '0')
    const wrongAt = (at: number) => token.slice(0, at) + other(token[at]) + token.slice(at + 1)
    const first = wrongAt(token.length - 26)
    const last = wrongAt(token.length - 1)
    expect([tokens.read(first), tokens.read(last)]).toEqual([undefined, undefined])
    const rounds = Array.from({ length: 60 }, (_, round) => {
      const order = round % 2 === 0 ? [first, last] : [last, first]
      const [a = 0, b = 0] = order.map((guess) => timeOfMany(() => tokens.read(guess)))
      return round % 2 === 0 ? a / b : b / a
    })
    const ratio = rounds.toSorted((left, right) => left - right)[rounds.length / 2] ?? 0
    expect(ratio).toBeGreaterThan(0.8)
    expect(ratio).toBeLessThan(1.25)
  })
})

function timeOfMany(run: () => unknown): number {
  const startedAt = performance.now()
  for (let index = 0; index < 300; index += 1) run()
  return performance.now() - startedAt
}
