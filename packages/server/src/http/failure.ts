import { validateHeaderValue } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { EngineError } from '../kernel/engine-error.ts'
import type { Log } from '../platform/log.ts'
import type { Reply } from './endpoint.ts'
import type { ErrorContext, RenderedError } from './surface.ts'

/** How failures of one surface, or of the paths that belong to none, are answered. */
export interface FailureFace {
  readonly name: string
  renderError(error: EngineError, context: ErrorContext): RenderedError
}

const jsonType = 'application/json; charset=utf-8'

/** The form of failures outside every surface. */
export const plainFace: FailureFace = {
  name: 'server',
  renderError: (error, { requestId }) => ({
    status: plainStatus(error),
    body: { error: { code: error.code, message: error.detail.message ?? error.code, request_id: requestId } },
  }),
}

/**
 * Answers a failure in the face's form. Anything that is not an `EngineError` of the caller's making becomes `internal`, is logged with its stack and
 * the request's id, and is shown without detail. Sets `Retry-After` when the error carries one and the face did not.
 */
export function sendFailure(
  log: Pick<Log, 'error'>,
  face: FailureFace,
  thrown: unknown,
  context: ErrorContext,
  reply: FastifyReply,
): FastifyReply {
  const error = engineErrorOf(thrown)
  if (error.kind === 'internal') {
    log.error(
      { err: thrown, surface: face.name, requestId: context.requestId, route: context.route, method: context.method },
      'a request failed for a reason that is ours',
    )
  }
  const shown = error.kind === 'internal' ? internalError(error.code) : error
  const rendered = renderSafely(log, face, shown, context)
  const retryAfter = shown.detail.retryAfterSeconds
  if (retryAfter !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(retryAfter))))
  return sendReply(reply, { status: rendered.status, body: rendered.body, headers: rendered.headers ?? {} })
}

/**
 * Sends a rendered reply: undefined as an empty body, text of another content type as it is, everything else as JSON. Whatever can fail fails
 * before the reply is touched, so that a failure finds a clean one.
 */
export function sendReply(reply: FastifyReply, { status, body, headers }: Reply): FastifyReply {
  for (const name of Object.keys(headers)) validateHeaderValue(name, headers[name] ?? '')
  const contentType = headers['content-type'] ?? jsonType
  const text = typeof body === 'string' && !contentType.includes('json') ? body : JSON.stringify(body)
  reply.code(status).headers(headers)
  return text === undefined ? reply.send() : reply.header('content-type', contentType).send(text)
}

/** The context of a failure, as far as the request is known. */
export function errorContextOf(
  request: FastifyRequest,
  path: string,
  route: string | undefined,
  now: number,
): ErrorContext {
  return { requestId: request.id, route, method: request.method, path, now }
}

/** The engine's word for whatever was thrown: what Fastify refuses is the caller's mistake, everything unknown is ours. */
export function engineErrorOf(thrown: unknown): EngineError {
  if (thrown instanceof EngineError) return thrown
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new EngineError('invalid_request', 'unsupported_content_type', {
        message: 'The Content-Type header is not valid.',
      })
    case 'FST_ERR_BAD_URL':
      return new EngineError('invalid_request', 'malformed_url', {
        message: 'The path has a percent-escape that is not valid UTF-8.',
      })
    case 'FST_ERR_NOT_FOUND':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return notFound()
    default:
      return isFastifyRefusal(thrown)
        ? new EngineError('invalid_request', 'malformed_request', { message: 'The request could not be read.' })
        : new EngineError('internal', 'internal_error')
  }
}

function isFastifyRefusal(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || !('code' in thrown) || !('statusCode' in thrown)) return false
  const { code, statusCode } = thrown
  return String(code).startsWith('FST_') && typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
}

/** The refusal of a path that leads nowhere. */
export function notFound(): EngineError {
  return new EngineError('not_found', 'route_not_found', { message: 'There is nothing at this path.' })
}

function internalError(code: string): EngineError {
  return new EngineError('internal', code, {
    message: 'Something failed on our side. Quote the request id to the operator.',
  })
}

function renderSafely(
  log: Pick<Log, 'error'>,
  face: FailureFace,
  error: EngineError,
  context: ErrorContext,
): RenderedError {
  try {
    const rendered = face.renderError(error, context)
    JSON.stringify(rendered.body)
    for (const [name, value] of Object.entries(rendered.headers ?? {})) validateHeaderValue(name, value)
    return rendered
  } catch (failure) {
    log.error(
      { err: failure, surface: face.name, requestId: context.requestId, code: error.code },
      'an error could not be rendered',
    )
    return plainFace.renderError(internalError('internal_error'), context)
  }
}

function plainStatus({ kind }: EngineError): number {
  if (kind === 'not_found') return 404
  if (kind === 'overloaded') return 503
  return kind === 'internal' ? 500 : 400
}
