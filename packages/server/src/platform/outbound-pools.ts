import { type buildConnector, Pool } from 'undici'
import { OutboundError } from './outbound-policy.ts'

/**
 * The connection pools of the outbound client, one for each origin, the one used least recently first. The states of an
 * origin:
 *
 *     absent → in use (requests > 0) ⇄ idle (requests = 0) → absent
 *
 * Only idle origins are closed, after a time or to make room for another, so no request is ever cut off by a
 * stranger's.
 */
export interface OutboundPools {
  readonly origins: Map<string, Origin>
  readonly limits: OutboundPoolLimits
  readonly sweepTimer: NodeJS.Timeout
  isClosed: boolean
}

/** The bounds of the pools, and how their sockets are opened. */
export interface OutboundPoolLimits {
  readonly connect: buildConnector.connector
  readonly connectionsPerOrigin: number
  /** In flight or waiting for a connection. */
  readonly requestsPerOriginMax: number
  readonly originsMax: number
  readonly idleTimeoutMs: number
}

/** One origin's pool and how many requests use it. */
export interface Origin {
  readonly pool: Pool
  requests: number
  idleSinceMs: number
}

/** An idle connection is dropped before common servers drop it (5 s), or a POST could meet a closing socket. */
const keepAliveTimeoutMs = 4_000
/** A server may ask for longer, but not for longer than this. */
const keepAliveTimeoutMaxMs = 30_000
/** The reply's head in bytes at most. */
const headLimitBytes = 16_384

/** No pools yet. The timer that closes idle ones does not keep the process alive. */
export function createOutboundPools(limits: OutboundPoolLimits): OutboundPools {
  const origins = new Map<string, Origin>()
  const sweepTimer = setInterval(() => closeIdle(origins, limits.idleTimeoutMs), limits.idleTimeoutMs)
  sweepTimer.unref()
  return { origins, limits, sweepTimer, isClosed: false }
}

/**
 * The pool of an origin (`https://host:port`), for one request, to be given back with `releaseOrigin`. Throws
 * `OutboundError('connection')` if the pools are closed, or full of what is in use.
 */
export function takeOrigin(pools: OutboundPools, name: string): Origin {
  const { origins, limits } = pools
  if (pools.isClosed) throw new OutboundError('connection', 'the client is closed')
  const origin = origins.get(name) ?? openOrigin(pools, name)
  if (origin.requests >= limits.requestsPerOriginMax) {
    throw new OutboundError('connection', 'too many requests wait for this host')
  }
  origin.requests += 1
  // A map keeps the order of insertion: what is inserted again stands last, as the most recently used.
  origins.delete(name)
  origins.set(name, origin)
  return origin
}

/** Ends a request's use of its origin. */
export function releaseOrigin(origin: Origin): void {
  origin.requests -= 1
  origin.idleSinceMs = performance.now()
}

/** Takes no new request, waits for those in flight, and closes every connection. */
export async function closePools(pools: OutboundPools): Promise<void> {
  pools.isClosed = true
  clearInterval(pools.sweepTimer)
  const open = [...pools.origins.values()]
  pools.origins.clear()
  await Promise.all(open.map((origin) => origin.pool.close()))
}

function openOrigin({ origins, limits }: OutboundPools, name: string): Origin {
  if (origins.size >= limits.originsMax) closeLeastRecentlyUsed(origins)
  const pool = new Pool(name, {
    connect: limits.connect,
    connections: limits.connectionsPerOrigin,
    pipelining: 1,
    keepAliveTimeout: keepAliveTimeoutMs,
    keepAliveMaxTimeout: keepAliveTimeoutMaxMs,
    maxHeaderSize: headLimitBytes,
    // One deadline spans each whole request; undici's own timers would only cost.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  return { pool, requests: 0, idleSinceMs: performance.now() }
}

function closeLeastRecentlyUsed(origins: Map<string, Origin>): void {
  for (const [name, origin] of origins) {
    if (origin.requests > 0) continue
    closeOrigin(origins, name, origin)
    return
  }
  throw new OutboundError('connection', 'too many hosts are being called at once')
}

function closeIdle(origins: Map<string, Origin>, idleTimeoutMs: number): void {
  const idleBeforeMs = performance.now() - idleTimeoutMs
  for (const [name, origin] of origins) {
    if (origin.requests === 0 && origin.idleSinceMs <= idleBeforeMs) closeOrigin(origins, name, origin)
  }
}

function closeOrigin(origins: Map<string, Origin>, name: string, origin: Origin): void {
  origins.delete(name)
  // Nothing is in flight, so closing only drops idle sockets; there is no one to tell if one breaks meanwhile.
  origin.pool.close().catch(() => undefined)
}
