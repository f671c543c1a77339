/*
 * A wire between our processes and the database that breaks around commits, where it hurts most. States of a connection:
 * whole → cut before a commit (the database never gets it) or after one (it is carried out, and its answer never comes
 * back) → closed at both ends. What became of the commit is for the store to find out.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Where a connection breaks around one commit. */
export type Cut = 'before' | 'after' | undefined

/** The wire. */
export interface LossyLink {
  /** The database's address by way of the wire. */
  readonly url: string
  /** Breaks what is open and takes no more connections. */
  close(): Promise<void>
}

/** The store's name of its commit statement, as it stands in the protocol's Bind message. */
const commitName = Buffer.from('\0commit\0')
const portDefault = 5432

/** Opens the wire to the database at an address without TLS. `cutOf` is asked at each commit. */
export async function openLossyLink(url: string, cutOf: () => Cut): Promise<LossyLink> {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(port || portDefault), hostname)
    join(near, far, cutOf)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const by = new URL(url)
  by.hostname = '127.0.0.1'
  by.port = String((server.address() as AddressInfo).port)
  return {
    url: by.href,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function join(near: Socket, far: Socket, cutOf: () => Cut): void {
  let isCut = false
  const cut = () => {
    isCut = true
    near.destroy()
    far.destroy()
  }
  for (const socket of [near, far]) {
    socket.setNoDelay(true)
    socket.on('error', cut)
    socket.on('close', cut)
  }
  near.on('data', (bytes) => {
    if (isCut) return
    const place = bytes.includes(commitName) ? cutOf() : undefined
    if (place === 'before') return cut()
    far.write(bytes)
    // The answer shows that the database has done it; nobody on our side will ever see it.
    if (place === 'after') far.removeAllListeners('data').once('data', cut)
  })
  far.on('data', (bytes) => {
    if (!isCut) near.write(bytes)
  })
}
