import type { Mode } from '../kernel/scope.ts'
import { createHttpClient, type HttpClient } from '../platform/http-client.ts'

/** Where webhooks may go. */
export interface WebhookPolicyOptions {
  /** Receivers on this machine, for sandbox deliveries only. */
  readonly allowLoopbackInSandbox: boolean
  /** Networks that the operator opens, in CIDR notation. */
  readonly allowCidrs: readonly string[]
}

/** The two ways out, one a mode. */
export interface WebhookClients extends Readonly<Record<Mode, HttpClient>> {
  close(): Promise<void>
}

const connectTimeoutMs = 5_000
const bodyLimitBytes = 256 * 1024
const excerptLimitBytes = 1_000
/** As many as a lane of the sender has in flight; several merchants may share a receiver. */
const perHostConnections = 16

/** The clients that webhooks are sent through. Live deliveries never reach this machine, whatever the sandbox may. */
export function createWebhookClients({ allowLoopbackInSandbox, allowCidrs }: WebhookPolicyOptions): WebhookClients {
  const client = (allowLoopback: boolean) =>
    createHttpClient({
      allowLoopback,
      allowCidrs,
      connectTimeoutMs,
      bodyLimitBytes,
      excerptLimitBytes,
      perHostConnections,
    })
  const live = client(false)
  const sandbox = client(allowLoopbackInSandbox)
  return {
    live,
    sandbox,
    close: async () => {
      await Promise.all([live.close(), sandbox.close()])
    },
  }
}
