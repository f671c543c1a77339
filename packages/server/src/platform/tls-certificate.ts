/*
 * The certificate of the HTTPS port, from two PEM files that something else renews.
 * States: loaded → looked at again (each minute, and when asked) → unchanged, loaded anew, or not usable: then the one
 * in use stays, and the log says so.
 */
import { readFile } from 'node:fs/promises'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { Log } from './log.ts'

/** A certificate in use. */
export interface TlsCertificate {
  /** What the server begins with. Names it serves by SNI always get the newest certificate. */
  readonly options: {
    readonly cert: string
    readonly key: string
    readonly minVersion: 'TLSv1.2'
    readonly SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) => void
  }
  /** Gives this server the newest certificate too where a caller names no host. */
  keepCurrent(server: { setSecureContext(options: { cert: string; key: string }): void }): void
  /** Looks at the files now; answers whether a new certificate is in use. Never throws. */
  reload(): Promise<boolean>
  stop(): void
}

const lookEveryMs = 60_000

/** Loads the certificate. Throws an `Error` that names the files when they cannot be used together. */
export async function loadTlsCertificate(
  files: { readonly certificate: string; readonly key: string },
  log: Pick<Log, 'info' | 'error'>,
): Promise<TlsCertificate> {
  let current = await readPair(files)
  const servers: Parameters<TlsCertificate['keepCurrent']>[0][] = []
  const reload = async () => {
    try {
      const found = await readPair(files)
      if (found.cert === current.cert && found.key === current.key) return false
      current = found
      for (const server of servers) server.setSecureContext({ cert: found.cert, key: found.key })
      log.info({ certificate: files.certificate }, 'a new certificate is in use')
      return true
    } catch (error) {
      log.error({ err: error }, 'the certificate cannot be loaded; the one in use stays')
      return false
    }
  }
  const timer = setInterval(() => void reload(), lookEveryMs)
  timer.unref()
  return {
    options: {
      cert: current.cert,
      key: current.key,
      minVersion: 'TLSv1.2',
      SNICallback: (_, done) => done(null, current.context),
    },
    keepCurrent: (server) => {
      servers.push(server)
    },
    reload,
    stop: () => clearInterval(timer),
  }
}

async function readPair({ certificate, key }: { readonly certificate: string; readonly key: string }) {
  try {
    const pair = { cert: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') }
    return { ...pair, context: createSecureContext({ ...pair, minVersion: 'TLSv1.2' }) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`The certificate ${certificate} cannot be used with the key ${key}: ${reason}.`, { cause: error })
  }
}
