import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A webhook as it came in. */
export interface ReceivedWebhook {
  readonly headers: IncomingHttpHeaders
  /** The exact text that was signed. */
  readonly body: string
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}

/** A merchant's server on loopback: it acknowledges every webhook, and every other path is a page of the shop. */
export interface WebhookReceiver {
  readonly url: string
  /** Resolves with the first webhook of that event, whether it has come already or comes within the bound. */
  waitFor(event: string): Promise<ReceivedWebhook>
  readonly received: readonly ReceivedWebhook[]
  close(): Promise<void>
}

const waitMs = 10_000

/** Starts a receiver on a free port, or on one that another receiver had. */
export async function startWebhookReceiver(port = 0): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = []
  const waiting = new Set<() => void>()
  const server = createServer((request, response) => {
    // A browser that is sent on to the merchant's site asks for a page.
    if (request.method !== 'POST') {
      response.end('<title>Shop</title><p>Thank you.</p>')
      return
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      const { event, data } = JSON.parse(body) as Pick<ReceivedWebhook, 'event' | 'data'>
      received.push({ headers: request.headers, body, event, data })
      response.end('{"status":"received"}')
      for (const look of waiting) look()
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const waitFor = (event: string) =>
    new Promise<ReceivedWebhook>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no webhook ${event} came within ${waitMs} ms`)), waitMs)
      const look = () => {
        const found = received.find((webhook) => webhook.event === event)
        if (!found) return
        clearTimeout(timer)
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`,
    waitFor,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
