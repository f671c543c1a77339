import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { fastify } from 'fastify'
import { etagOf } from './reference-page.ts'

/** The program of the reference page, ready to be sent. */
export interface ReferenceScript {
  readonly plain: Buffer
  readonly zipped: Buffer
  readonly etag: string
}

const routePrefix = '/reference'

/**
 * Makes the loader of Scalar's reference program. It is 4 MB, and few servers are ever asked for it: it is loaded with the
 * first request, once. The package gives it out only over a route of its own, so a server without a socket asks that route.
 */
export function createReferenceScript(): () => Promise<ReferenceScript> {
  let loaded: Promise<ReferenceScript> | undefined
  return () => {
    loaded ??= load()
    return loaded
  }
}

async function load(): Promise<ReferenceScript> {
  const { default: scalar } = await import('@scalar/fastify-api-reference')
  const app = fastify({ logger: false })
  try {
    await app.register(scalar, { routePrefix, configuration: { url: '/openapi.json' } })
    const { rawPayload: plain } = await app.inject({ method: 'GET', url: `${routePrefix}/js/scalar.js` })
    return { plain, zipped: await promisify(gzip)(plain), etag: etagOf(plain) }
  } finally {
    await app.close()
  }
}
