import type { IncomingMessage } from 'node:http'
import { EngineError } from '../kernel/engine-error.ts'
import { assertNoCardData } from './card-data.ts'
import { invalidField } from './field-errors.ts'
import { parseForm } from './form-body.ts'
import { assertSafeInput } from './safe-input.ts'
import type { BodyRules } from './surface.ts'

/** JSON may nest this deep. */
const jsonDepthMax = 32
const jsonMembersMaxDefault = 10_000
/** What is still read, and thrown away, of a body that is too large, so that the caller can finish sending and read our answer. */
const discardedBytesMax = 4 * 1024 * 1024
const discardTimeoutMs = 2_000

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a body whole. Throws `EngineError` `invalid_request`: `body_too_large` above the limit, `body_incomplete` when the connection ends
 * first. States: reading → (too large, or announced as that) discarding → settled; each socket event is looked at in exactly one of them.
 */
export function readBody(stream: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let receivedBytes = 0
    let discardTimer: NodeJS.Timeout | undefined

    const settle = (finish: () => void) => {
      clearTimeout(discardTimer)
      stream.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken)
      // A late error on a stream that nobody listens to would end the process.
      stream.on('error', () => {})
      finish()
    }
    const refuse = () => settle(() => reject(bodyTooLarge(limitBytes)))
    const onBroken = () => settle(() => reject(bodyIncomplete()))
    const onEnd = () =>
      receivedBytes > limitBytes ? refuse() : settle(() => resolve(Buffer.concat(chunks, receivedBytes)))
    const onData = (chunk: Buffer) => {
      receivedBytes += chunk.length
      if (receivedBytes <= limitBytes) {
        chunks.push(chunk)
        return
      }
      chunks.length = 0
      if (receivedBytes > limitBytes + discardedBytesMax) refuse()
      discardTimer ??= setTimeout(refuse, discardTimeoutMs)
    }
    stream.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken)
    // A length that is announced is believed: nobody holds a connection for long with a body that will not be read.
    const announcedBytes = Number(stream.headers['content-length'] ?? 0)
    if (announcedBytes > limitBytes + discardedBytesMax) refuse()
    else if (announcedBytes > limitBytes) discardTimer = setTimeout(refuse, discardTimeoutMs)
  })
}

/**
 * Parses a body by its content type; an empty body is `undefined` whatever its type. Throws `EngineError` `invalid_request`:
 * `unsupported_content_type`, `unsupported_content_encoding`, `malformed_body`, `card_data_not_allowed`, or the field that cannot be accepted.
 */
export function parseBody(
  bytes: Buffer | undefined,
  headers: { readonly 'content-type'?: string | undefined; readonly 'content-encoding'?: string | undefined },
  rules: BodyRules,
  fieldName: (path: readonly PropertyKey[]) => string,
): unknown {
  if (bytes === undefined || bytes.length === 0) return undefined
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    throw invalidField(undefined, 'Compressed bodies are not accepted.', 'unsupported_content_encoding')
  }
  const mediaType = acceptedMediaType(headers['content-type'], rules)
  const text = decodeText(bytes)
  if (mediaType === 'application/json') {
    const value = parseJson(text)
    assertSafeInput(value, { depthMax: jsonDepthMax, membersMax: rules.membersMax ?? jsonMembersMaxDefault }, fieldName)
    assertNoCardData(value, rules.accountFields ?? [], fieldName)
    return value
  }
  const form = parseForm(text, 'body')
  assertSafeInput(form, { depthMax: jsonDepthMax, membersMax: jsonMembersMaxDefault }, fieldName)
  assertNoCardData(form, rules.accountFields ?? [], fieldName)
  return form
}

function acceptedMediaType(contentType: string | undefined, rules: BodyRules): string {
  const [mediaType = '', ...parameters] = (contentType ?? '').split(';').map((piece) => piece.trim().toLowerCase())
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '')
  const accepted = [
    ...(rules.json ? ['application/json'] : []),
    ...(rules.form ? ['application/x-www-form-urlencoded'] : []),
  ]
  if (accepted.includes(mediaType) && (charset === undefined || charset === 'utf-8' || charset === 'utf8'))
    return mediaType
  throw invalidField(undefined, `Send the body as ${accepted.join(' or ')} in UTF-8.`, 'unsupported_content_type')
}

function decodeText(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw invalidField(undefined, 'The body is not valid UTF-8.', 'malformed_body')
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the body, which may hold a secret.
    throw invalidField(undefined, 'The body is not valid JSON.', 'malformed_body')
  }
}

function bodyTooLarge(limitBytes: number): EngineError {
  return new EngineError('invalid_request', 'body_too_large', {
    message: `The body is larger than ${limitBytes} bytes.`,
    limitBytes,
  })
}

function bodyIncomplete(): EngineError {
  return new EngineError('invalid_request', 'body_incomplete', {
    message: 'The connection ended before the whole body was sent.',
  })
}
