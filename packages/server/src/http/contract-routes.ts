import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { openApiDocument } from './openapi.ts'
import { etagOf, referencePagePolicy, renderReferencePage } from './reference-page.ts'
import { createReferenceScript } from './reference-script.ts'
import type { HttpSurface } from './surface.ts'

/** Where a surface's contract is served, below its mount. */
export const contractPaths = { document: '/openapi.json', page: '/docs', script: '/docs/reference.js' } as const

/** Stands for the server's address in the written document, which is the same for every caller but for this. */
const addressMark = 'https://address.invalid'

/** A copy may be kept, and is asked about before it is used again. */
const cacheControl = 'no-cache'

const loadReferenceScript = createReferenceScript()

/**
 * Adds the contract of a surface, open to everybody: the OpenAPI document, written once, now, and the reference page, which
 * loads nothing from anywhere else. Does nothing for a surface that does not describe itself.
 */
export function addContractRoutes<Services>(
  app: FastifyInstance,
  surface: HttpSurface<Services, unknown>,
  baseUrlOf: (request: FastifyRequest) => string,
): void {
  if (surface.document === undefined) return
  const contract = writtenContract(surface)
  const page = renderReferencePage(surface.document.title)

  app.get(contractPaths.document, async (request, reply) => {
    const { text, etag } = contract(baseUrlOf(request))
    reply.header('content-type', 'application/json; charset=utf-8').header('vary', 'host')
    return sendCached(request, reply, etag, text)
  })
  app.get(contractPaths.page, async (request, reply) => {
    const { text, etag } = page(request.originalUrl)
    reply.header('content-type', 'text/html; charset=utf-8').header('content-security-policy', referencePagePolicy)
    return sendCached(request, reply, etag, text)
  })
  app.get(contractPaths.script, async (request, reply) => {
    const script = await loadReferenceScript()
    reply.header('content-type', 'text/javascript; charset=utf-8').header('vary', 'accept-encoding')
    const isZipped = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
    if (isZipped) reply.header('content-encoding', 'gzip')
    // A strong validator is of the bytes, so each encoding has its own.
    const etag = isZipped ? script.etag.replace(/"$/, '-gzip"') : script.etag
    return sendCached(request, reply, etag, isZipped ? script.zipped : script.plain)
  })
}

/** The document's text for an address. */
function writtenContract<Services>(surface: HttpSurface<Services, unknown>) {
  const pieces = JSON.stringify(openApiDocument(surface, addressMark)).split(JSON.stringify(addressMark))
  return (baseUrl: string) => {
    const text = pieces.join(JSON.stringify(baseUrl))
    return { text, etag: etagOf(text) }
  }
}

function sendCached(request: FastifyRequest, reply: FastifyReply, etag: string, body: string | Buffer): FastifyReply {
  reply.header('etag', etag).header('cache-control', cacheControl)
  // Blanks are taken off piece by piece: an expression that looks for them around a comma needs time without proportion.
  const known = String(request.headers['if-none-match'] ?? '')
    .split(',')
    .map((tag) => tag.trim())
  const isKnown = known.some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag)
  return isKnown ? reply.code(304).send() : reply.send(body)
}
