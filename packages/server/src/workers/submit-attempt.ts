import { z } from 'zod'
import type { Engine } from '../engine/index.ts'
import { modes } from '../kernel/scope.ts'
import type { JobTask } from '../platform/job-runner.ts'

const payloadSchema = z.object({ merchantId: z.string(), mode: z.enum(modes), attemptId: z.string() })

/**
 * The job that makes the first call to a rail for an attempt (`submitAttemptJobName`). Safe to repeat: an attempt that is
 * no longer pending is left alone, and the rail knows our id.
 */
export function createSubmitAttemptTask(engine: Pick<Engine, 'attempts'>): JobTask {
  return async (payload) => {
    const { merchantId, mode, attemptId } = payloadSchema.parse(payload)
    await engine.attempts.submit({ merchantId, mode }, attemptId)
  }
}
