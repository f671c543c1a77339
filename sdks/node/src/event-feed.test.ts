import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { Paylect } from './client.ts'
import { ServerError } from './errors.ts'

/** A feed of so many events, of which every answer before the last `failures` calls is an outage. */
async function withFeed(
  eventsMax: number,
  failures: number,
  run: (paylect: Paylect, asked: string[]) => Promise<void>,
) {
  const asked: string[] = []
  let failuresLeft = failures
  const server = createServer((request, response) => {
    const after = Number(new URL(request.url ?? '', 'http://feed').searchParams.get('after'))
    asked.push(String(after))
    if (after > 0 && failuresLeft-- > 0) {
      response.writeHead(503, { 'retry-after': '0' }).end('{"code":"shutting_down"}')
      return
    }
    const data = after < eventsMax ? [{ number: after + 1, type: 'payment.created' }] : []
    response.end(JSON.stringify({ object: 'list', data, has_more: false, next: after + data.length }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    await run(new Paylect({ apiKey: 'sk_test_1', baseUrl, retriesMax: 0 }), asked)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test('the stream goes on where it stood when the gateway was away for a while', async () => {
  await withFeed(2, 2, async (paylect, asked) => {
    const controller = new AbortController()
    const seen: number[] = []
    for await (const { number } of paylect.events.stream({ signal: controller.signal })) {
      seen.push(number)
      if (number === 2) controller.abort()
    }
    expect(seen).toEqual([1, 2])
    expect(asked).toEqual(['0', '1', '1', '1'])
  })
})

test('the stream gives up after as many failures in a row as is said', async () => {
  await withFeed(2, 1_000, async (paylect, asked) => {
    const follow = async () => {
      for await (const { number } of paylect.events.stream({ after: 1, failuresInARowMax: 1 })) expect(number).toBe(2)
    }
    await expect(follow()).rejects.toBeInstanceOf(ServerError)
    expect(asked).toHaveLength(2)
  })
})
