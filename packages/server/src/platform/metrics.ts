import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/**
 * What became of a command: written, refused by its rules, answered again from its idempotency record, or failed for a
 * technical reason.
 */
export type CommandResult = 'accepted' | 'refused' | 'replayed' | 'failed'

/**
 * What became of one POST to a webhook endpoint: a 2xx, another status, no reply at all, or an address that we may not
 * call.
 */
export type WebhookAttemptResult = 'delivered' | 'rejected' | 'unreachable' | 'blocked'

/**
 * The wire API that served a request, the pattern of its route (never its path: ids would grow the series without
 * bound), and its status.
 */
export interface HttpRequestLabels {
  readonly dialect: string
  readonly route: string
  readonly status: number
}

/**
 * Everything that the server measures, in one object. Recording is cheap enough for the hot path: series are found once
 * and kept, and the queue's depth is read when the page is rendered, not written when a command arrives.
 */
export interface Metrics {
  /** `paylect_commit_batch_size`: how many commands one group held. */
  readonly observeCommitBatchSize: (commands: number) => void
  /** `paylect_commit_queue_wait_seconds`: how long a command waited for its group to start. */
  readonly observeCommitQueueWait: (seconds: number) => void
  /** `paylect_commit_seconds`: how long a group took from its load to its durable commit. */
  readonly observeCommit: (seconds: number) => void
  /**
   * `paylect_commit_queue_depth`: the sum of what all tracked readers answer at the time of rendering. Returns what
   * ends the tracking.
   */
  readonly trackCommitQueueDepth: (read: () => number) => () => void
  /** `paylect_commands_total{command,result}`. */
  readonly countCommand: (command: string, result: CommandResult) => void
  /** `paylect_http_request_seconds{dialect,route,status}`; its `_count` is the number of requests. */
  readonly observeHttpRequest: (labels: HttpRequestLabels, seconds: number) => void
  /** `paylect_webhook_attempts_total{result}`. */
  readonly countWebhookAttempt: (result: WebhookAttemptResult) => void
  /** The page in the Prometheus text format, to be served as `contentType`. */
  readonly render: () => Promise<string>
  /** The media type of `render`. */
  readonly contentType: string
}

/**
 * The most series of one metric whose labels are open; what comes after is counted under `other`. Bounds memory and
 * page.
 */
export const seriesPerMetricMax = 2_000

/** Doubling steps up to the largest group that the committer takes (256). */
const batchSizeBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256]
/** From a quarter of a millisecond, below one fsync, to five seconds. */
const secondsBuckets = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

const commandResults: readonly CommandResult[] = ['accepted', 'refused', 'replayed', 'failed']
const webhookAttemptResults: readonly WebhookAttemptResult[] = ['delivered', 'rejected', 'unreachable', 'blocked']

/**
 * A registry of its own, so that several servers in one process (tests, the simulator) do not add up. With
 * `processMetrics` it also carries Node's own figures (memory, event loop lag, garbage collection), which start
 * observers in the process.
 */
export function createMetrics(options: { readonly processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry()
  if (options.processMetrics === true) collectDefaultMetrics({ register: registry })

  return {
    ...commitMetrics(registry),
    countCommand: commandCounter(registry),
    observeHttpRequest: httpHistogram(registry),
    countWebhookAttempt: webhookCounter(registry),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

function commitMetrics(registry: Registry) {
  const histogram = (name: string, help: string, buckets: number[]) => {
    const metric = new Histogram({ name, help, buckets, registers: [registry] })
    return (value: number) => metric.observe(value)
  }
  const queueDepthReaders = new Set<() => number>()
  new Gauge({
    name: 'paylect_commit_queue_depth',
    help: 'Commands that wait for a group.',
    registers: [registry],
    collect() {
      let depth = 0
      for (const read of queueDepthReaders) depth += read()
      this.set(depth)
    },
  })
  return {
    observeCommitBatchSize: histogram('paylect_commit_batch_size', 'Commands in one group.', batchSizeBuckets),
    observeCommitQueueWait: histogram(
      'paylect_commit_queue_wait_seconds',
      'Time from the arrival of a command to the start of its group.',
      secondsBuckets,
    ),
    observeCommit: histogram('paylect_commit_seconds', 'Time from load to durable commit of a group.', secondsBuckets),
    trackCommitQueueDepth(read: () => number) {
      queueDepthReaders.add(read)
      return () => {
        queueDepthReaders.delete(read)
      }
    },
  }
}

function commandCounter(registry: Registry): Metrics['countCommand'] {
  const counter = new Counter({
    name: 'paylect_commands_total',
    help: 'Commands by what became of them.',
    labelNames: ['command', 'result'],
    registers: [registry],
  })
  const childrenOf = (command: string) =>
    childrenByResult(commandResults, (result) => counter.labels({ command, result }))
  const commands = new Map<string, Record<CommandResult, Counter.Internal>>()
  const commandsMax = seriesPerMetricMax / commandResults.length
  return (command, result) => {
    const key = commands.has(command) || commands.size < commandsMax ? command : 'other'
    let children = commands.get(key)
    if (children === undefined) {
      children = childrenOf(key)
      commands.set(key, children)
    }
    children[result].inc()
  }
}

function httpHistogram(registry: Registry): Metrics['observeHttpRequest'] {
  const histogram = new Histogram({
    name: 'paylect_http_request_seconds',
    help: 'Time from the head of a request to the end of its reply.',
    labelNames: ['dialect', 'route', 'status'],
    buckets: secondsBuckets,
    registers: [registry],
  })
  const series = new Map<string, Histogram.Internal<'dialect' | 'route' | 'status'>>()
  return ({ dialect, route, status }, seconds) => {
    const full = `${dialect}\n${route}\n${status}`
    const isKnown = series.has(full) || series.size < seriesPerMetricMax
    const key = isKnown ? full : 'other'
    let child = series.get(key)
    if (child === undefined) {
      child = histogram.labels(
        isKnown ? { dialect, route, status: String(status) } : { dialect: 'other', route: 'other', status: 'other' },
      )
      series.set(key, child)
    }
    child.observe(seconds)
  }
}

function webhookCounter(registry: Registry): Metrics['countWebhookAttempt'] {
  const counter = new Counter({
    name: 'paylect_webhook_attempts_total',
    help: 'POSTs to webhook endpoints by what became of them.',
    labelNames: ['result'],
    registers: [registry],
  })
  const children = childrenByResult(webhookAttemptResults, (result) => counter.labels({ result }))
  return (result) => children[result].inc()
}

/**
 * Binds every result at once, so that counting one is a property read, and each series stands at zero before its first
 * count.
 */
function childrenByResult<Result extends string>(
  results: readonly Result[],
  bind: (result: Result) => Counter.Internal,
): Record<Result, Counter.Internal> {
  const children = results.map((result) => [result, bind(result)] as const)
  for (const [, child] of children) child.inc(0)
  return Object.fromEntries(children) as Record<Result, Counter.Internal>
}
