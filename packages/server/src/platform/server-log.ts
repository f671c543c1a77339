import { closeSync, openSync } from 'node:fs'
import { open, stat, truncate } from 'node:fs/promises'

/**
 * The log of a PostgreSQL server that may outlive us. The server writes to a file, not to a pipe: a pipe would fill up
 * while we are busy and break when we die, and either could stop the database.
 */
export interface ServerLog {
  /** A file descriptor in append mode for a child's output; the caller closes it once the child has its own. */
  openForChild(): { fd: number; close(): void }
  /** The last lines since the log was opened, for an error message. */
  tail(): Promise<string>
  /** Passes lines on until the returned function is called, which passes on what is left. */
  follow(onLine: (line: string) => void): () => Promise<void>
}

const POLL_INTERVAL_MS = 500
const READ_BYTES_MAX = 64 * 1024
/** Lines are handed on in rounds this long at most, so that a chatty server cannot hold our event loop. */
const READS_PER_POLL_MAX = 16
/** The file is emptied beyond this size; its lines were handed on before. */
const FILE_BYTES_MAX = 16 * 1024 * 1024
const TAIL_LINES_MAX = 20

/** Opens the log at `path` for appending. What stands in it from earlier runs is not read again. */
export async function openServerLog(path: string): Promise<ServerLog> {
  const startOffset = await sizeOf(path)
  return {
    openForChild() {
      const fd = openSync(path, 'a', 0o600)
      return { fd, close: () => closeSync(fd) }
    },
    async tail() {
      const size = await sizeOf(path)
      const text = await readChunk(path, Math.max(startOffset, size - READ_BYTES_MAX))
      return text.toString('utf8').trimEnd().split('\n').slice(-TAIL_LINES_MAX).join('\n')
    },
    follow: (onLine) => follow(path, startOffset, onLine),
  }
}

function follow(path: string, startOffset: number, onLine: (line: string) => void): () => Promise<void> {
  let offset = startOffset
  let unfinished = ''
  let isPolling = false

  const poll = async () => {
    if (isPolling) return
    isPolling = true
    try {
      if ((await sizeOf(path)) < offset) offset = 0
      for (let read = 0; read < READS_PER_POLL_MAX; read++) {
        const chunk = await readChunk(path, offset)
        if (chunk.length === 0) break
        offset += chunk.length
        const lines = `${unfinished}${chunk.toString('utf8')}`.split('\n')
        unfinished = (lines.pop() ?? '').slice(-READ_BYTES_MAX)
        for (const line of lines) onLine(line)
      }
      if (offset > FILE_BYTES_MAX) await truncate(path, 0)
    } finally {
      isPolling = false
    }
  }

  // A log that cannot be read for a moment is no reason to fail: the next poll tries again.
  const timer = setInterval(() => void poll().catch(() => undefined), POLL_INTERVAL_MS).unref()
  return async () => {
    clearInterval(timer)
    await poll().catch(() => undefined)
    if (unfinished !== '') onLine(unfinished)
  }
}

async function readChunk(path: string, offset: number): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(READ_BYTES_MAX), 0, READ_BYTES_MAX, offset)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0
}
