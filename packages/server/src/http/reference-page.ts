import { createHash } from 'node:crypto'

/**
 * What the page may load: our own program and document. The program writes its styles into the page, hence the one
 * `unsafe-inline`; nothing that a document or an address says is ever run.
 */
export const referencePagePolicy = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'unsafe-inline'`,
  `img-src 'self' data: blob:`,
  `font-src 'self' data:`,
  `connect-src 'self'`,
  `form-action 'none'`,
  `frame-ancestors 'none'`,
  `base-uri 'none'`,
].join('; ')

/** Everything that would make the program talk to its makers is off. */
const configuration = {
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  showDeveloperTools: 'never',
  hideClientButton: true,
  hideTestRequestButton: true,
  persistAuth: false,
  isEditable: false,
}

/** A page as it is sent. */
export interface ReferencePage {
  readonly text: string
  readonly etag: string
}

/**
 * Renders the reference page of one document. Its links are relative, so it works behind a proxy that adds a prefix; `url` is
 * the address under which it was asked for.
 */
export function renderReferencePage(title: string): (url: string) => ReferencePage {
  const [plain, withSlash] = ['', '../'].map((up) => pageText(title, up)).map((text) => ({ text, etag: etagOf(text) }))
  if (!plain || !withSlash) throw new Error('the reference page has two forms')
  return (url) => (/\/(?:\?|$)/.test(url) ? withSlash : plain)
}

function pageText(title: string, up: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
</head>
<body>
<noscript>This page needs JavaScript. The contract itself is at <a href="${up}openapi.json">openapi.json</a>.</noscript>
<script id="api-reference" data-url="${up}openapi.json" data-configuration="${escaped(JSON.stringify(configuration))}"></script>
<script src="${up}docs/reference.js"></script>
</body>
</html>
`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}

/** A strong validator (RFC 9110 section 8.8.3) of a text. */
export function etagOf(text: string | Buffer): string {
  return `"${createHash('sha256').update(text).digest('base64url')}"`
}
