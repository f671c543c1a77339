import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * What the proxy does with the next commit that passes:
 * - `lose_request`: the commit never reaches the server; both sides are cut.
 * - `lose_reply`: the commit reaches the server, whose answer is awaited and thrown away; then both sides are cut.
 * - `lose_reply_for_good`: the same, and from then on the proxy is stalled: nobody can be asked what became of it.
 * - `cut_at_once`: the commit is sent on and both sides are cut in the same moment: it may arrive or not.
 */
export type CutPlan = 'lose_request' | 'lose_reply' | 'lose_reply_for_good' | 'cut_at_once'

/** A TCP proxy in front of PostgreSQL that fails on request. */
export interface CuttingProxy {
  /** The database's URL by way of the proxy. */
  readonly url: string
  /** Applies the plan to the next commit, once. */
  cutNextCommit(plan: CutPlan): void
  /** From now on nothing is forwarded and nothing is closed, as if a cable had been pulled, until `resume`. */
  stall(): void
  /** Forwards again, on new connections. */
  resume(): void
  /** How many commits have passed or were cut. */
  commits(): number
  close(): Promise<void>
}

/** The driver sends the engine's commit as a simple query: the text and a zero byte. */
const commitBytes = Buffer.from('commit\0')

interface ProxyState {
  plan: CutPlan | undefined
  isStalled: boolean
  commits: number
  readonly sockets: Set<Socket>
}

/** Starts a proxy on a free loopback port in front of the database at `url`. */
export async function startCuttingProxy(url: string): Promise<CuttingProxy> {
  const target = new URL(url)
  const state: ProxyState = { plan: undefined, isStalled: false, commits: 0, sockets: new Set() }
  const server = createServer((client) => join(state, client, connect(Number(target.port), target.hostname)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = new URL(url)
  own.hostname = '127.0.0.1'
  own.port = String((server.address() as AddressInfo).port)
  return {
    url: own.href,
    cutNextCommit: (plan) => {
      state.plan = plan
    },
    stall: () => {
      state.isStalled = true
    },
    resume: () => {
      state.isStalled = false
    },
    commits: () => state.commits,
    close: async () => {
      for (const socket of state.sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function join(state: ProxyState, client: Socket, upstream: Socket): void {
  let awaited: CutPlan | undefined
  const cut = () => {
    client.destroy()
    upstream.destroy()
  }
  for (const socket of [client, upstream]) {
    state.sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      state.sockets.delete(socket)
      if (!state.isStalled) cut()
    })
  }
  client.on('data', (bytes: Buffer) => {
    if (state.isStalled) return
    const plan = bytes.includes(commitBytes) ? takePlan(state) : undefined
    if (plan === 'lose_request') {
      cut()
      return
    }
    awaited = plan === 'cut_at_once' ? undefined : plan
    upstream.write(bytes)
    if (plan === 'cut_at_once') setImmediate(cut)
  })
  upstream.on('data', (bytes: Buffer) => {
    if (state.isStalled) return
    // The answer to the commit ends with its tag; whatever comes before belongs to the same flight.
    if (awaited === undefined) client.write(bytes)
    else if (bytes.includes('COMMIT') || bytes.includes('ROLLBACK')) {
      state.isStalled = awaited === 'lose_reply_for_good'
      cut()
    }
  })
}

function takePlan(state: ProxyState): CutPlan | undefined {
  const { plan } = state
  state.plan = undefined
  state.commits += 1
  return plan
}
