import { describe, expect, test } from 'vitest'
import { createMetrics, seriesPerMetricMax } from './metrics.ts'

describe('metrics', () => {
  test('every measurement appears on the page under its documented name and labels', async () => {
    const metrics = createMetrics()
    metrics.observeCommitBatchSize(7)
    metrics.observeCommitQueueWait(0.002)
    metrics.observeCommit(0.004)
    metrics.countCommand('create_refund', 'accepted')
    metrics.countCommand('create_refund', 'accepted')
    metrics.countCommand('create_refund', 'refused')
    metrics.observeHttpRequest({ dialect: 'monnify', route: '/api/v1/refunds/:reference', status: 200 }, 0.01)
    metrics.countWebhookAttempt('delivered')
    const page = await metrics.render()
    for (const line of [
      'paylect_commit_batch_size_bucket{le="4"} 0',
      'paylect_commit_batch_size_bucket{le="8"} 1',
      'paylect_commit_batch_size_sum 7',
      'paylect_commit_queue_wait_seconds_count 1',
      'paylect_commit_seconds_sum 0.004',
      'paylect_commit_queue_depth 0',
      'paylect_commands_total{command="create_refund",result="accepted"} 2',
      'paylect_commands_total{command="create_refund",result="refused"} 1',
      'paylect_commands_total{command="create_refund",result="failed"} 0',
      'paylect_http_request_seconds_count{dialect="monnify",route="/api/v1/refunds/:reference",status="200"} 1',
      'paylect_webhook_attempts_total{result="delivered"} 1',
      'paylect_webhook_attempts_total{result="blocked"} 0',
    ]) {
      expect(page.split('\n')).toContain(line)
    }
  })

  test('the queue depth is the sum over all lanes at the time of rendering', async () => {
    const metrics = createMetrics()
    let depth = 1
    const untrack = metrics.trackCommitQueueDepth(() => depth)
    metrics.trackCommitQueueDepth(() => 10)
    depth = 5
    expect(await metrics.render()).toContain('paylect_commit_queue_depth 15\n')
    untrack()
    expect(await metrics.render()).toContain('paylect_commit_queue_depth 10\n')
  })

  test('unbounded labels end in one series, not in unbounded memory', async () => {
    const metrics = createMetrics()
    for (let index = 0; index < seriesPerMetricMax + 50; index++) {
      metrics.observeHttpRequest({ dialect: 'inflow', route: `/r/${index}`, status: 200 }, 0.001)
      metrics.countCommand(`command_${index}`, 'accepted')
    }
    metrics.observeHttpRequest({ dialect: 'inflow', route: '/r/0', status: 200 }, 0.001)
    const page = await metrics.render()
    expect(page).toContain('paylect_http_request_seconds_count{dialect="other",route="other",status="other"} 50\n')
    expect(page).toContain('paylect_http_request_seconds_count{dialect="inflow",route="/r/0",status="200"} 2\n')
    expect(page.match(/^paylect_http_request_seconds_count/gm)).toHaveLength(seriesPerMetricMax + 1)
    expect(page).toContain('paylect_commands_total{command="other",result="accepted"} 1550\n')
  })

  test('two servers in one process do not add up', async () => {
    const [first, second] = [createMetrics(), createMetrics()]
    first.countWebhookAttempt('rejected')
    expect(await second.render()).toContain('paylect_webhook_attempts_total{result="rejected"} 0\n')
  })

  test("the process's own figures appear only when asked for", async () => {
    expect(await createMetrics().render()).not.toContain('process_cpu')
    const metrics = createMetrics({ processMetrics: true })
    expect(await metrics.render()).toContain('process_cpu_seconds_total')
    expect(metrics.contentType).toContain('text/plain')
  })
})
