/*
 * A receiver of webhooks that takes everything: it reads each body to its end, counts it and answers 200. Prints its
 * address once it listens. `GET /stats` tells what came, `DELETE /stats` forgets it. Started by children.ts.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

let count = 0
let firstAtMs = 0
let lastAtMs = 0

const server = createServer((request, response) => {
  if (request.url === '/stats') {
    if (request.method === 'DELETE') {
      count = 0
      firstAtMs = 0
    }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ count, firstAtMs, lastAtMs }))
    return
  }
  request.resume()
  request.on('end', () => {
    count += 1
    lastAtMs = Date.now()
    if (firstAtMs === 0) firstAtMs = lastAtMs
    response.writeHead(200, { 'content-length': '2' })
    response.end('ok')
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
