import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** What becomes of the next write that passes: the gateway never sees it, or carries it out and its answer is lost. */
export type Loss = 'request' | 'reply'

/** A proxy in front of the gateway that cuts connections on request. */
export interface LosingProxy {
  readonly url: string
  /** Loses the next writes, in this order; what is not listed passes. */
  lose(...losses: readonly Loss[]): void
  /** The idempotency keys of the writes that came by, lost ones too. */
  readonly keys: readonly string[]
  close(): Promise<void>
}

/** Starts the proxy on a free port of the loopback. */
export async function startLosingProxy(gatewayUrl: string): Promise<LosingProxy> {
  const losses: Loss[] = []
  const keys: string[] = []
  const server = createServer((request, response) => {
    const isWrite = request.method !== 'GET'
    if (isWrite) keys.push(String(request.headers['idempotency-key']))
    pass(gatewayUrl, request, response, isWrite ? losses.shift() : undefined).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lose: (...more) => void losses.push(...more),
    keys,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function pass(
  gatewayUrl: string,
  request: IncomingMessage,
  response: ServerResponse,
  loss: Loss | undefined,
): Promise<void> {
  const body = await buffer(request)
  if (loss === 'request') {
    request.socket.destroy()
    return
  }
  const { authorization = '', 'content-type': type, 'idempotency-key': key } = request.headers
  const answer = await fetch(gatewayUrl + request.url, {
    method: request.method ?? 'GET',
    headers: {
      authorization,
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(typeof key === 'string' ? { 'idempotency-key': key } : {}),
    },
    ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
  })
  const bytes = Buffer.from(await answer.arrayBuffer())
  if (loss === 'reply') {
    request.socket.destroy()
    return
  }
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' })
  response.end(bytes)
}
