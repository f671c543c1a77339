import * as z from 'zod'
import { EngineError } from '../kernel/engine-error.ts'
import { type Reply, reply } from './endpoint.ts'

/** The response schema of an endpoint that answers with a page. */
export const htmlPage = z.string()

/** What a page needs beyond our own origin. Everything else is refused by its Content-Security-Policy. */
export interface HtmlPolicy {
  /** Absolute URLs whose origins a form's answer may redirect to: browsers hold redirects to `form-action` too. */
  readonly formRedirects?: readonly string[]
  /**
   * True when the pages behind `formRedirects` may themselves send the browser on, to `www.` or to a log-in. Chromium holds
   * the whole chain of redirects to `form-action`, so any address of the web is then allowed after them.
   */
  readonly formRedirectsOnward?: boolean
}

/**
 * A reply with a server-rendered page: never stored, never sniffed, no address passed on, and a Content-Security-Policy (level 3) that
 * lets it load only our own styles and images. Throws `EngineError` `internal` for a URL that is not http or https.
 */
export function htmlReply<const Status extends number>(
  status: Status,
  html: string,
  policy: HtmlPolicy = {},
): Reply<Status, string> {
  return reply(status, html, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy(policy),
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  })
}

function contentSecurityPolicy({ formRedirects = [], formRedirectsOnward = false }: HtmlPolicy): string {
  const onward = formRedirectsOnward ? schemesOf(formRedirects) : []
  return [
    `default-src 'none'`,
    `style-src 'self'`,
    `img-src 'self' data:`,
    `form-action ${["'self'", ...originsOf(formRedirects), ...onward].join(' ')}`,
    `frame-ancestors 'none'`,
    `base-uri 'none'`,
  ].join('; ')
}

/** An encrypted page never leads on to a plain one, unless the merchant's own address is plain. */
function schemesOf(urls: readonly string[]): string[] {
  if (urls.length === 0) return []
  return urls.some((url) => url.startsWith('http:')) ? ['https:', 'http:'] : ['https:']
}

/** Only an origin goes into the header: a path could carry a `;` and with it a directive of someone else's. */
function originsOf(urls: readonly string[]): string[] {
  const origins = urls.map((url) => {
    const parsed = URL.canParse(url) ? new URL(url) : undefined
    if (parsed?.protocol === 'https:' || parsed?.protocol === 'http:') return parsed.origin
    throw new EngineError('internal', 'page_origin_not_http', {
      message: 'A page may only lead to http and https addresses.',
    })
  })
  return [...new Set(origins)]
}
