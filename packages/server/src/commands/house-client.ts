import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { type ClientConfig, readClientConfig } from '../config.ts'
import { profileOf, profilesPath, readProfiles } from './profiles.ts'

/** Where a merchant's verbs go and with which key. */
export interface HouseAccess {
  /** Without a final slash and without `/v1`. */
  readonly url: string
  readonly apiKey: string
  /** What people call it: a profile, the environment or the data directory. */
  readonly source: string
  /** The secret that this merchant's webhooks are signed with, where it is known. */
  readonly webhookSecret?: string
}

/** The house API as the command line speaks it. Answers are parsed JSON; refusals are thrown as `HouseApiError`. */
export interface HouseClient {
  readonly access: HouseAccess
  get<Answer>(path: string, query?: Readonly<Record<string, string | number | undefined>>): Promise<Answer>
  post<Answer>(path: string, body?: object): Promise<Answer>
}

/** The gateway refused, and why: its own words, the field at fault and the request's id for whoever looks into it. */
export class HouseApiError extends Error {
  override readonly name = 'HouseApiError'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** Longer than the longest poll (30 seconds) and than moving a clock over many timers. */
const requestTimeoutMs = 120_000
/** What is shown of an answer that is no JSON. */
const excerptCharactersMax = 200

/** The client for a command: of `--profile`, of the environment, of the current profile, or of the data directory. */
export async function openHouseClient(command: Command): Promise<HouseClient> {
  const { profile } = command.optsWithGlobals<{ profile?: string }>()
  return createHouseClient(await findAccess(readClientConfig(), profile))
}

/**
 * Finds where to go, the first of: the profile that is named, PAYLECT_URL with PAYLECT_API_KEY, the current profile, and
 * `sandbox.json` in the data directory. Throws an `Error` that says how to give one.
 */
export async function findAccess(config: ClientConfig, named: string | undefined): Promise<HouseAccess> {
  const profiles = await readProfiles(profilesPath(config))
  if (named !== undefined) return { ...profileOf(profiles, named), source: `profile ${named}` }
  if (config.url !== undefined || config.apiKey !== undefined) {
    if (config.url === undefined)
      throw new Error('PAYLECT_API_KEY is set, and PAYLECT_URL is not. Set both, or neither.')
    if (config.apiKey === undefined)
      throw new Error('PAYLECT_URL is set, and PAYLECT_API_KEY is not. Set both, or neither.')
    return { url: config.url, apiKey: config.apiKey, source: 'PAYLECT_URL' }
  }
  const { current } = profiles
  if (current !== null) return { ...profileOf(profiles, current), source: `profile ${current}` }
  return readSandboxAccess(config.dataDirectory)
}

async function readSandboxAccess(dataDirectory: string): Promise<HouseAccess> {
  const path = join(dataDirectory, 'sandbox.json')
  try {
    const { baseUrl, dialects } = JSON.parse(await readFile(path, 'utf8')) as {
      baseUrl: string
      dialects: Record<string, { apiKey: string; webhookSecret?: string }>
    }
    const { apiKey, webhookSecret } = dialects['paylect'] ?? {}
    if (apiKey === undefined) throw new Error('it holds no key for the house API')
    return { url: baseUrl, apiKey, source: path, ...(webhookSecret === undefined ? {} : { webhookSecret }) }
  } catch (error) {
    throw new Error(
      `No gateway is known: there is no usable ${path}. Start one with "paylect start", add one with "paylect profiles add", or set PAYLECT_URL and PAYLECT_API_KEY.`,
      { cause: error },
    )
  }
}

/** Makes a client. It opens nothing until it is used. */
export function createHouseClient(access: HouseAccess): HouseClient {
  return {
    access,
    get: async (path, query = {}) => {
      const url = new URL(`${access.url}/v1${path}`)
      for (const [name, value] of Object.entries(query)) {
        if (value !== undefined) url.searchParams.set(name, String(value))
      }
      return (await call(access, url, 'GET')) as never
    },
    post: async (path, body) => (await call(access, new URL(`${access.url}/v1${path}`), 'POST', body)) as never,
  }
}

async function call(access: HouseAccess, url: URL, method: string, body?: object): Promise<unknown> {
  const answer = await send(access, url, {
    method,
    headers: {
      authorization: `Bearer ${access.apiKey}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(requestTimeoutMs),
  })
  const text = await answer.text()
  const parsed = parse(text)
  if (answer.ok && parsed !== undefined) return parsed
  throw refusal(answer.status, url, parsed, text)
}

async function send(access: HouseAccess, url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    if (cause instanceof Error && cause.name === 'TimeoutError') {
      throw new Error(`The gateway at ${access.url} did not answer within ${requestTimeoutMs / 1000} seconds.`, {
        cause,
      })
    }
    const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw new Error(
      `No gateway answers at ${access.url}${reason}, which ${access.source} names. Start it with "paylect start", or name another one with --profile or PAYLECT_URL.`,
      { cause },
    )
  }
}

function parse(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    return undefined
  }
}

function refusal(status: number, url: URL, parsed: unknown, text: string): HouseApiError {
  const problem = typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
  const { detail, code, field, request_id: requestId } = problem
  if (typeof detail !== 'string') {
    const excerpt = text.slice(0, excerptCharactersMax)
    return new HouseApiError(status, 'unreadable_answer', `${url.origin} answered ${status}: ${excerpt}`)
  }
  const parts = [
    ...(typeof field === 'string' ? [`field ${field}`] : []),
    ...(typeof code === 'string' ? [`code ${code}`] : []),
    ...(typeof requestId === 'string' ? [`request ${requestId}`] : []),
  ]
  return new HouseApiError(status, String(code), `${detail} (${parts.join(', ')})`)
}
