/*
 * The floor F3: POSTs a second of a bare `undici` Pool to the receiver, each body signed anew with HMAC-SHA256 as Standard
 * Webhooks does. No queue, no database, no policy. Run by measure-webhooks.ts in a process of its own.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { Pool } from 'undici'

/** What the loop is told. */
export interface PostLoadInput {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  readonly body: string
}

/** What it measured. */
export interface PostLoadOutput {
  readonly perSecond: number
}

async function run({ url, connections, seconds, body }: PostLoadInput): Promise<PostLoadOutput> {
  const pool = new Pool(url, { connections, pipelining: 1 })
  const key = randomBytes(24)
  const started = performance.now()
  const endAt = started + seconds * 1000
  let done = 0
  const loop = async () => {
    while (performance.now() < endAt) {
      const id = `msg_${done}`
      const timestamp = String(Math.floor(Date.now() / 1000))
      const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
      const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
      }
      const answer = await pool.request({ method: 'POST', path: '/hook', headers, body })
      await answer.body.dump()
      if (answer.statusCode !== 200) throw new Error(`the receiver answered ${answer.statusCode}`)
      done += 1
    }
  }
  await Promise.all(Array.from({ length: connections }, loop))
  const perSecond = done / ((performance.now() - started) / 1000)
  await pool.close()
  return { perSecond }
}

process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '{}') as PostLoadInput)))
