import { expect, test } from 'vitest'
import { madeUpServer } from '../../test/support/made-up-surface.ts'
import { createLog } from '../platform/log.ts'

test('every request has a line with its id and route, and no card number or key from path, query, header or body', async () => {
  const lines: string[] = []
  const log = createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } })
  const { app } = madeUpServer(undefined, { log })
  const [card, key] = ['4111111111111111', 'sk_live_verysecretverysecret']
  const answer = await app.inject({
    method: 'POST',
    url: `/shop/orders/${card}?card=${card}&key=${key}`,
    headers: { authorization: `Bearer ${key}`, 'x-key': 'writer-key', 'x-card': card },
    payload: { card, key },
  })
  await app.inject({ url: `/shop/orders/${key}`, headers: { 'x-key': 'writer-key' } })
  await app.close()
  const text = lines.join('')
  expect(text).toContain(String(answer.headers['x-request-id']))
  expect(text).toContain('GET /shop/orders/:id')
  expect(text).not.toContain(card)
  expect(text).not.toContain('verysecret')
})
