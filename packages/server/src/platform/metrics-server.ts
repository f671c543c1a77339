import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Metrics } from './metrics.ts'

/** The metrics page, listening. */
export interface MetricsServer {
  readonly port: number
  close(): Promise<void>
}

/** What else the port says: whether the process is ready, and why not. */
export type HealthPage = () => Promise<Readonly<Record<string, { readonly ok: boolean }>>>

/**
 * Serves `GET /metrics` in the Prometheus text format on a port of its own, so that the page is never reachable where
 * merchants and payers are, and beside it `/healthz` and `/readyz`, which a process without an HTTP interface has nowhere
 * else. Rejects when the port is taken.
 */
export async function startMetricsServer(
  metrics: Pick<Metrics, 'render' | 'contentType'>,
  host: string,
  port: number,
  health?: HealthPage,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    pageOf(request, metrics, health).then(
      ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function pageOf(
  { method, url }: IncomingMessage,
  metrics: Pick<Metrics, 'render' | 'contentType'>,
  health: HealthPage | undefined,
): Promise<{ readonly status: number; readonly type: string; readonly body: string }> {
  const json = (status: number, value: object) => ({ status, type: 'application/json', body: JSON.stringify(value) })
  if (method === 'GET' && url === '/metrics') {
    return { status: 200, type: metrics.contentType, body: await metrics.render() }
  }
  if (method === 'GET' && url === '/healthz') return json(200, { status: 'ok' })
  if (method === 'GET' && url === '/readyz' && health !== undefined) {
    const checks = await health()
    const ready = Object.values(checks).every(({ ok }) => ok)
    return json(ready ? 200 : 503, { status: ready ? 'ready' : 'not_ready', checks })
  }
  return json(404, { status: 'not_found' })
}
