import { Agent, type IncomingHttpHeaders, request } from 'node:http'

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method: string
  /** Path and query, already escaped. */
  readonly target: string
  /** In order; a name may stand twice. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer | undefined
}

/** What came back. `hung` when nothing came within the bound, `cut` when the connection ended without an answer. */
export type WireAnswer =
  | { readonly is: 'answer'; readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string }
  | { readonly is: 'hung' }
  | { readonly is: 'cut'; readonly reason: string }

/** Sends requests one after the other over kept connections. */
export interface WireClient {
  send(wire: WireRequest): Promise<WireAnswer>
  close(): void
}

/** Longer than any answer may take; the longest that a caller can ask for is far below it. */
const answerTimeoutMs = 10_000
const shownBodyCharactersMax = 4_000

/** Opens a client of the server at this port on loopback. */
export function openWireClient(port: number): WireClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  return { send: (wire) => exchange(agent, port, wire), close: () => agent.destroy() }
}

function exchange(agent: Agent, port: number, { method, target, headers, body }: WireRequest): Promise<WireAnswer> {
  const framing = body === undefined ? [] : [['content-length', String(body.length)] as const]
  const host = headers.some(([name]) => name.toLowerCase() === 'host') ? [] : [['host', '127.0.0.1'] as const]
  const flat = [...host, ...headers, ...framing].flat()
  return new Promise((resolve) => {
    const options = { agent, host: '127.0.0.1', port, method, path: target, headers: flat }
    const sent = request(options, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => {
        clearTimeout(timer)
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ is: 'answer', status: answer.statusCode ?? 0, headers: answer.headers, text })
      })
    })
    const timer = setTimeout(() => {
      resolve({ is: 'hung' })
      sent.destroy()
    }, answerTimeoutMs)
    sent.on('error', (error) => {
      clearTimeout(timer)
      resolve({ is: 'cut', reason: error.message })
    })
    sent.end(body)
  })
}

/** The request as a command that a person can run. */
export function curlOf({ method, target, headers, body }: WireRequest, origin = 'http://127.0.0.1:8080'): string {
  const parts = ['curl', '-i', '-X', method, '--path-as-is', '-g']
  for (const [name, value] of headers) parts.push('-H', quoted(value === '' ? `${name};` : `${name}: ${value}`))
  if (body !== undefined) parts.push('--data-binary', quoted(shownBody(body)))
  return [...parts, quoted(origin + target)].join(' ')
}

function shownBody(body: Buffer): string {
  const text = body.toString('latin1')
  const isUtf8 = Buffer.from(body.toString('utf8'), 'utf8').equals(body)
  const shown = isUtf8 ? body.toString('utf8') : text
  if (shown.length <= shownBodyCharactersMax) return shown
  return `${shown.slice(0, shownBodyCharactersMax)} … (${body.length} bytes)`
}

/** Quoted for a shell, with what cannot be printed in the form that bash reads back. */
function quoted(text: string): string {
  if (!/[^\x20-\x7e]/.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`
  const bytes = [...Buffer.from(text, 'utf8')].map((byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`,
  )
  return `$'${bytes.join('')}'`
}
