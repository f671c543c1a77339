import { z } from 'zod'
import type { Engine } from '../engine/index.ts'
import { modes } from '../kernel/scope.ts'
import type { JobTask } from '../platform/job-runner.ts'

const payloadSchema = z.object({ merchantId: z.string(), mode: z.enum(modes), endpointId: z.string() })

/** Deliveries that are let go at once. */
const batchMax = 250
/** Batches of one run; a job that has not finished fails and is run again, so it holds up no other job for long. */
const batchesMax = 400

/**
 * The job that lets the deliveries of a resumed endpoint go (`releaseDeliveriesJobName`), oldest first. It ends when none
 * waits, or when a batch did not move because the endpoint was paused again: the next resume brings a job of its own.
 */
export function createReleaseTask({ webhooks }: Pick<Engine, 'webhooks'>): JobTask {
  return async (payload) => {
    const { endpointId, ...scope } = payloadSchema.parse(payload)
    for (let batch = 0; batch < batchesMax; batch += 1) {
      if ((await webhooks.release(scope, endpointId, batchMax)) === 0) return
    }
    throw new Error(`deliveries still wait for ${endpointId} after ${batchesMax} batches`)
  }
}
