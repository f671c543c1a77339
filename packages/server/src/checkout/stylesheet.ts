import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { checkoutPath } from './checkout-token.ts'

/** Enough of the hash that two versions never share a name. */
const hashLength = 16

/** The page's only asset. Its name changes with its content, so browsers may keep it for a year. */
export interface Stylesheet {
  readonly path: string
  readonly text: string
  readonly headers: Readonly<Record<string, string>>
}

/** Reads the stylesheet that lies beside this file. */
export function readStylesheet(): Stylesheet {
  const text = readFileSync(new URL('./checkout.css', import.meta.url), 'utf8')
  const hash = createHash('sha256').update(text).digest('hex').slice(0, hashLength)
  return {
    path: `${checkoutPath}/assets/checkout-${hash}.css`,
    text,
    headers: {
      'content-type': 'text/css; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    },
  }
}
