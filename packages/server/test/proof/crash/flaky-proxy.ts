/*
 * A TCP proxy that behaves as bad networks do. States of the proxy: clear (everything passes), slow (every chunk waits),
 * dark (nothing passes in either direction and nothing is closed; new connections are taken and stay silent).
 * States of a connection: passing → half open (silent for good in one direction or both, and never closed by us) or cut.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What a half-open connection swallows. */
export type SilentDirection = 'both' | 'to_server' | 'to_client'

/** The proxy and what can be done to what passes through it. */
export interface FlakyProxy {
  /** The database's URL by way of the proxy. */
  readonly url: string
  /** Every chunk waits this long from now on; 0 ends it. In milliseconds. */
  delay(ms: number): void
  /** Resets connections that are open now: each that `chosen` says. Answers how many. */
  cut(chosen: () => boolean): number
  /**
   * Lets connections that are open now fall silent for good in that direction, without closing them: each that `chosen`
   * says. Answers how many.
   */
  halfOpen(chosen: () => boolean, direction: SilentDirection): number
  /** From now on nothing passes on any connection, also not on new ones, until `clear`. Those stay silent even then. */
  darken(): void
  /** Ends delays and the dark for connections that are opened from now on. */
  clear(): void
  close(): Promise<void>
}

/** The gateway asks servers to look after silent sessions of its guards about this often; the far kernel finds the peer gone. */
const keepaliveMs = 25_000

interface Passage {
  readonly client: Socket
  readonly upstream: Socket
  readonly silent: Set<Socket>
}

interface ProxyState {
  delayMs: number
  isDark: boolean
  readonly passages: Set<Passage>
}

/** Starts a proxy on a free loopback port in front of the database at `url`. */
export async function startFlakyProxy(url: string): Promise<FlakyProxy> {
  const target = new URL(url)
  const state: ProxyState = { delayMs: 0, isDark: false, passages: new Set() }
  const server = createServer((client) => join(state, client, connect(Number(target.port), target.hostname)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = new URL(url)
  own.hostname = '127.0.0.1'
  own.port = String((server.address() as AddressInfo).port)
  const open = (chosen: () => boolean) => [...state.passages].filter(({ silent }) => silent.size === 0 && chosen())
  return {
    url: own.href,
    delay: (ms) => {
      state.delayMs = ms
    },
    cut: (chosen) => open(chosen).map((passage) => cut(passage)).length,
    halfOpen: (chosen, direction) => open(chosen).map((passage) => fallSilent(passage, direction)).length,
    darken: () => {
      state.isDark = true
      for (const passage of state.passages) fallSilent(passage, 'both')
    },
    clear: () => {
      state.delayMs = 0
      state.isDark = false
    },
    close: async () => {
      for (const passage of state.passages) cut(passage)
      server.close()
      await once(server, 'close')
    },
  }
}

function cut({ client, upstream }: Passage): void {
  client.resetAndDestroy()
  upstream.resetAndDestroy()
}

function fallSilent({ client, upstream, silent }: Passage, direction: SilentDirection): void {
  // What is silent is not read any more, so that not even its sender's window moves.
  for (const from of [
    ...(direction === 'to_client' ? [] : [client]),
    ...(direction === 'to_server' ? [] : [upstream]),
  ]) {
    silent.add(from)
    from.pause()
  }
  // The server's keepalive meets silence and gives the session up; the gateway is told nothing.
  setTimeout(() => upstream.resetAndDestroy(), keepaliveMs).unref()
}

function join(state: ProxyState, client: Socket, upstream: Socket): void {
  const passage: Passage = { client, upstream, silent: new Set() }
  state.passages.add(passage)
  if (state.isDark) fallSilent(passage, 'both')
  pass(state, passage, client, upstream)
  pass(state, passage, upstream, client)
}

function pass(state: ProxyState, passage: Passage, from: Socket, to: Socket): void {
  let lastAt = 0
  const after = (act: () => void) => {
    // Chunks keep their order when the delay ends while some still wait.
    lastAt = Math.max(lastAt, performance.now() + state.delayMs)
    const waitMs = lastAt - performance.now()
    if (waitMs <= 0.5) act()
    else setTimeout(act, waitMs)
  }
  from.setNoDelay(true)
  from.on('error', () => undefined)
  from.on('data', (bytes: Buffer) =>
    after(() => {
      if (!passage.silent.has(from) && !to.destroyed) to.write(bytes)
    }),
  )
  from.on('close', () =>
    after(() => {
      // Whoever is silent does not pass on a farewell either; the other side finds out by itself.
      if (!passage.silent.has(from)) to.destroy()
      if (from.destroyed && to.destroyed) state.passages.delete(passage)
    }),
  )
}
