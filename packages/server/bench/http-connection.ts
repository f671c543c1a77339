/*
 * One keep-alive HTTP/1.1 connection for load generators, with as little work as an honest client can do: requests are
 * texts that were prepared, an answer ends where its content-length says, and status and body are handed over for checks.
 * A client library would use as much processor time as the server that is measured (docs/benchmarks.md has the figures).
 *
 * States: idle -> waiting (one request is out) -> idle; failed (the connection broke or an answer made no sense) is final.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** An answer, complete. */
export interface Answer {
  readonly status: number
  /** The body's bytes, one character each (latin1). */
  readonly body: string
}

/** A connection that carries one request at a time. */
export interface HttpConnection {
  /** Sends a whole request, head and body, and resolves with its answer. Rejects when the connection breaks. */
  send(request: string): Promise<Answer>
  close(): void
}

const headEnd = '\r\n\r\n'
const lengthHeader = '\r\ncontent-length: '
const statusAt = 'HTTP/1.1 '.length

interface Waiting {
  resolve(answer: Answer): void
  reject(error: Error): void
}

/** Connects to the server of `baseUrl` (plain HTTP). */
export async function openConnection(baseUrl: string): Promise<HttpConnection> {
  const { hostname, port } = new URL(baseUrl)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  return overSocket(socket)
}

function overSocket(socket: Socket): HttpConnection {
  let received = ''
  let waiting: Waiting | undefined
  let failure: Error | undefined
  const fail = (error: Error) => {
    failure ??= error
    waiting?.reject(failure)
    waiting = undefined
  }
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the server closed the connection')))
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    received = received === '' ? text : received + text
    const answer = answerIn(received)
    if (answer === undefined) return
    if (answer === 'unreadable' || waiting === undefined) {
      fail(new Error(`the server sent what no answer can be: ${received}`))
      return
    }
    const { resolve } = waiting
    received = ''
    waiting = undefined
    resolve(answer)
  })
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined || waiting !== undefined) {
          reject(failure ?? new Error('one request at a time'))
          return
        }
        waiting = { resolve, reject }
        socket.write(request, 'latin1')
      }),
    close: () => {
      socket.removeAllListeners('close')
      socket.end()
    },
  }
}

/** The answer, `undefined` while bytes are missing, and `unreadable` where the length is missing or more came than it says. */
function answerIn(text: string): Answer | 'unreadable' | undefined {
  const bodyAt = text.indexOf(headEnd)
  if (bodyAt < 0) return undefined
  const lengthAt = text.indexOf(lengthHeader)
  if (lengthAt < 0 || lengthAt > bodyAt) return 'unreadable'
  const lengthStart = lengthAt + lengthHeader.length
  const length = Number(text.slice(lengthStart, text.indexOf('\r\n', lengthStart)))
  const body = text.slice(bodyAt + headEnd.length)
  if (body.length < length) return undefined
  return body.length > length ? 'unreadable' : { status: Number(text.slice(statusAt, statusAt + 3)), body }
}
