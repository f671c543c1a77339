import type { RailInstruction } from '../../engine/index.ts'
import { invalidField } from '../../http/field-errors.ts'
import { inferred } from './inferred.ts'
import type { MonetiflowCall } from './lookup.ts'
import type { Metadata } from './wire.ts'

/**
 * What `metadata.simulate` asks of the simulator: nothing where it is left out. Refuses a text that is no scenario, and
 * any with a live key.
 */
export function instructionFrom({ services, principal }: MonetiflowCall, metadata: Metadata): RailInstruction {
  const key = inferred.metadataSimulate.choice
  const simulate = metadata[key]
  if (simulate === undefined) return {}
  const field = `metadata.${key}`
  if (principal.scope.mode === 'live') throw invalidField(field, `${field} works with test keys only.`)
  if (typeof simulate === 'string' && services.isScenario(simulate)) return { simulate }
  throw invalidField(field, `${field} must be a scenario of the simulator, such as succeeded or declined:do_not_honor.`)
}
