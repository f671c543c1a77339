import { resolve } from 'node:path'
import * as z from 'zod'

/** Everything that may be configured, parsed and complete. */
export interface Config {
  /** Where requests are taken: `localhost` means both loopback addresses. */
  readonly host: string
  readonly port: number
  /** Absolute path of the data directory. */
  readonly dataDirectory: string
  /** An existing PostgreSQL 15 or newer; undefined means the embedded one. */
  readonly databaseUrl: string | undefined
  /** The address under which payers and merchants reach the server, without a final slash; undefined means host and port. */
  readonly publicUrl: string | undefined
  /** 64 hexadecimal digits; undefined means the key file in the data directory. */
  readonly masterKey: string | undefined
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  /** Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses or networks. */
  readonly trustProxy: readonly string[]
  /** Private networks that webhooks may be sent to, in CIDR notation. */
  readonly webhookNetworks: readonly string[]
  /** How many groups may be in flight at once; see docs/decisions. */
  readonly committerLanes: number
  /** Where `GET /metrics` is served; undefined means nowhere. */
  readonly metricsPort: number | undefined
}

/** The configuration is wrong; the message names every key at fault and what it may be. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ConfigError'
  }
}

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )

const portNumber = z.coerce.number({ error: 'a port number' }).int().min(0).max(65_535)

const environmentSchema = z.object({
  HOST: z.string().min(1).default('localhost'),
  PORT: portNumber.default(8080),
  PAYLECT_DATA: z.string().min(1).default('./.paylect'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'starts with postgres://')
    .optional(),
  PAYLECT_PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'an http or https address' })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  PAYLECT_MASTER_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, '64 hexadecimal digits (32 bytes)')
    .optional(),
  PAYLECT_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('warn'),
  PAYLECT_TRUST_PROXY: list,
  PAYLECT_WEBHOOK_NETWORKS: list,
  PAYLECT_COMMITTER_LANES: z.coerce.number({ error: 'a number from 1 to 16' }).int().min(1).max(16).default(1),
  PAYLECT_METRICS_PORT: portNumber.optional(),
})

/** Reads the environment. An empty variable counts as unset. Throws `ConfigError`. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = environmentSchema.safeParse(given)
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
    throw new ConfigError(`The configuration is not usable:\n${problems.join('\n')}`)
  }
  const values = parsed.data
  return {
    host: values.HOST,
    port: values.PORT,
    dataDirectory: resolve(values.PAYLECT_DATA),
    databaseUrl: values.DATABASE_URL,
    publicUrl: values.PAYLECT_PUBLIC_URL,
    masterKey: values.PAYLECT_MASTER_KEY,
    logLevel: values.PAYLECT_LOG_LEVEL,
    trustProxy: values.PAYLECT_TRUST_PROXY,
    webhookNetworks: values.PAYLECT_WEBHOOK_NETWORKS,
    committerLanes: values.PAYLECT_COMMITTER_LANES,
    metricsPort: values.PAYLECT_METRICS_PORT,
  }
}
