import type { WireAnswer } from './fuzz-client.ts'
import type { FuzzContract, FuzzOperation } from './fuzz-contract.ts'
import type { FuzzRequest } from './fuzz-requests.ts'

/** What no answer may be: the name of the check that it fails, and how. */
export interface FuzzFault {
  readonly check: 'hang' | 'connection' | 'server error' | 'contract' | 'changed' | 'defect'
  readonly detail: string
}

const excerptCharacters = 400

/** Looks at an answer alone: whether it came, is no failure of ours, and is one that the contract tells of. */
export function faultOfAnswer(
  contracts: readonly FuzzContract[],
  contract: FuzzContract,
  request: FuzzRequest,
  answer: WireAnswer,
): FuzzFault | undefined {
  if (answer.is === 'hung') return { check: 'hang', detail: 'no answer came within the bound' }
  if (answer.is === 'cut') return { check: 'connection', detail: answer.reason }
  const said = `${answer.status} ${answer.text.slice(0, excerptCharacters)}`
  if (answer.status >= 500 && !answer.text.includes('rail_unavailable')) return { check: 'server error', detail: said }
  const found = request.isLost ? faultWhenLost(contracts, contract, request, answer) : undefined
  const fault = request.isLost ? found : contract.fault(request.operation, answer)
  return fault === undefined ? undefined : { check: 'contract', detail: `${fault}: ${said}` }
}

/** A request that may have reached anything: refused in the dialect's form or the server's, or served by what it reached. */
function faultWhenLost(
  contracts: readonly FuzzContract[],
  contract: FuzzContract,
  { wire, operation }: FuzzRequest,
  answer: WireAnswer & { readonly is: 'answer' },
): string | undefined {
  if (wire.method === 'HEAD' || wire.method === 'OPTIONS' || answer.status === 404) {
    return answer.text === '' ? undefined : faultOfAnyRefusal(contract, answer)
  }
  if (answer.status >= 400) return faultOfAnyRefusal(contract, answer)
  const reached = operationAt(contracts, operation, wire.method, wire.target)
  return reached === undefined ? undefined : contract.fault(reached, answer)
}

function faultOfAnyRefusal(contract: FuzzContract, answer: WireAnswer & { readonly is: 'answer' }): string | undefined {
  const fault = contract.faultOfRefusal(answer)
  return fault === undefined || isPlainRefusal(answer.text) ? undefined : fault
}

/** The form of what never became a request of a dialect. */
function isPlainRefusal(text: string): boolean {
  try {
    const { error } = JSON.parse(text) as { readonly error?: Record<string, unknown> }
    return typeof error?.['code'] === 'string' && typeof error['message'] === 'string'
  } catch {
    return false
  }
}

function operationAt(
  contracts: readonly FuzzContract[],
  { mount }: FuzzOperation,
  method: string,
  target: string,
): FuzzOperation | undefined {
  const path = (target.split('?')[0] ?? '').replace(/\/+/g, '/').replace(/\/$/, '').slice(mount.length)
  const parts = path.split('/')
  return contracts
    .flatMap(({ operations }) => operations)
    .find((operation) => {
      const template = operation.path.split('/')
      return (
        operation.mount === mount &&
        operation.method === method &&
        template.length === parts.length &&
        template.every((part, index) => part.startsWith('{') || part === parts[index])
      )
    })
}
