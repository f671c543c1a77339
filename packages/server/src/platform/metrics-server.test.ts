import { expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'
import { startMetricsServer } from './metrics-server.ts'

test('the metrics page shows what the committer measured, and nothing else is served beside it', async () => {
  const metrics = createMetrics({ processMetrics: false })
  metrics.observeCommitBatchSize(3)
  const server = await startMetricsServer(metrics, '127.0.0.1', 0)
  const page = await fetch(`http://127.0.0.1:${server.port}/metrics`)
  expect(page.status).toBe(200)
  expect(await page.text()).toContain('paylect_commit_batch_size_sum 3')
  expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(404)
  expect((await fetch(`http://127.0.0.1:${server.port}/metrics`, { method: 'POST' })).status).toBe(404)
  await server.close()
})
