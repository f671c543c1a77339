import type { RailInstruction } from '../../engine/index.ts'
import { invalidField } from '../../http/field-errors.ts'
import type { HouseCall } from './find-object.ts'

/**
 * What `metadata.simulate` asks of the simulator: nothing where it is left out. Refuses a text that is no scenario, and
 * any with a live key. A payment keeps it for the page on which its payer pays.
 */
export function instructionFrom(
  { services, principal }: HouseCall,
  metadata: Readonly<Record<string, unknown>>,
): RailInstruction {
  const { simulate } = metadata
  if (simulate === undefined) return {}
  const field = 'metadata.simulate'
  if (principal.scope.mode === 'live') throw invalidField(field, `${field} works with test keys only.`)
  if (typeof simulate === 'string' && services.isScenario(simulate)) return { simulate }
  throw invalidField(field, `${field} must be a scenario of the simulator, such as succeeded or declined:do_not_honor.`)
}
