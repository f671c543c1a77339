import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the sources stand. */
export const sourceRoot = join(import.meta.dirname, '../../src')

const raised = [
  /refuse\(\s*'([a-z_]+)',\s*'([a-z_]+)'/g,
  /new EngineError\(\s*'([a-z_]+)',\s*'([a-z_]+)'/g,
  /overloaded\(\s*()'([a-z_]+)'/g,
]

/** Every error code that a caller can meet, with its kind, as the sources raise it. Broken invariants are left out: they are defects. */
export function raisedCodes(): Map<string, string> {
  const codes = new Map<string, string>()
  for (const path of globSync('**/*.ts', { cwd: sourceRoot })) {
    if (path.endsWith('.test.ts') || path.includes('conformance')) continue
    const text = readFileSync(join(sourceRoot, path), 'utf8')
    for (const pattern of raised) {
      for (const [, kind, code] of text.matchAll(pattern)) if (code) codes.set(code, kind || 'overloaded')
    }
  }
  return codes
}

/** The codes that docs/errors.md explains, with the kind it gives them. */
export function documentedCodes(markdown: string): Map<string, string> {
  const rows = markdown.matchAll(/^\| `([a-z_]+)` \| `([a-z_]+)` \|/gm)
  return new Map([...rows].map(([, code, kind]) => [code ?? '', kind ?? '']))
}
