import type { FastifyInstance } from 'fastify'
import { sendReply } from './failure.ts'

/** One thing that the server needs, and whether it is there. */
export interface ReadinessCheck {
  readonly ok: boolean
  /** One sentence for the operator; the page is open, so it names no address and no secret. */
  readonly message?: string
}

/** The named checks behind `/readyz`. */
export type Readiness = () => Promise<Readonly<Record<string, ReadinessCheck>>>

/** The server's own paths. */
export const healthPaths = ['/healthz', '/readyz'] as const

/** Checks that take longer count as failed. */
const readinessTimeoutMs = 2_000

/**
 * Adds `GET /healthz`, 200 as long as the process answers (restart it when it does not), and `GET /readyz`, 200 when every check holds and
 * 503 otherwise and while draining (send it no traffic).
 */
export function addHealthRoutes(app: FastifyInstance, readiness: Readiness, isDraining: () => boolean): void {
  app.get('/healthz', async (_, reply) => sendReply(reply, { status: 200, body: { status: 'ok' }, headers: {} }))
  app.get('/readyz', async (_, reply) => {
    const checks = { ...(await checksWithin(readiness)), ...(isDraining() ? { draining: { ok: false } } : {}) }
    const ready = Object.values(checks).every((check) => check.ok)
    return sendReply(reply, {
      status: ready ? 200 : 503,
      body: { status: ready ? 'ready' : 'not_ready', checks },
      headers: {},
    })
  })
}

async function checksWithin(readiness: Readiness): Promise<Readonly<Record<string, ReadinessCheck>>> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Record<string, ReadinessCheck>>((resolve) => {
    timer = setTimeout(resolve, readinessTimeoutMs, {
      checks: { ok: false, message: `No answer within ${readinessTimeoutMs} ms.` },
    })
  })
  try {
    return await Promise.race([readiness(), late])
  } catch {
    return { checks: { ok: false, message: 'The checks themselves failed.' } }
  } finally {
    clearTimeout(timer)
  }
}
