import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { LightMyRequestResponse } from 'fastify'
import { expect, test } from 'vitest'
import * as z from 'zod'
import type { EndpointDescription, EndpointExample } from '../http/endpoint.ts'
import type { SampleRequest } from '../http/hostile-requests.ts'
import { type DescribedSurface, openApiDocument } from '../http/openapi.ts'

/** Holds what a surface says and answers against its own published contract. */
export interface ContractChecks {
  /** Fails for an answer that the contract does not tell of: its status, its content type or its body. */
  expectTold(endpoint: EndpointDescription, answer: LightMyRequestResponse, title: string): void
  /** What is wrong with the body of an answer, in words; undefined when it fits the contract. */
  fault(endpoint: EndpointDescription, status: number, contentType: string, body: unknown): string | undefined
}

/** What running the examples needs of the suite. */
export interface ExampleBench<Described extends EndpointDescription> {
  readonly contract: ContractChecks
  readonly samples: {
    /** Makes an example fit the gateway's data where the usual way, see `preparedExample`, does not. */
    prepareExample?(name: string, request: SampleRequest, sample: SampleRequest): SampleRequest
  }
  endpoints(): readonly (readonly [name: string, endpoint: Described])[]
  send(endpoint: Described, sample: SampleRequest): Promise<LightMyRequestResponse>
  accepted(name: string): Promise<SampleRequest>
}

/** Fields that name an object of the merchant: their values come from the accepted sample, where it has them. */
const namingField = /_id$|^(?:after|before|starting_after)$/

/** Writes the contract of a surface and compiles its schemas as they are asked for. Throws for a schema that is none. */
export function createContractChecks(surface: DescribedSurface): ContractChecks {
  const document = openApiDocument(surface)
  const ajv = formats.default(new Ajv2020({ strict: false, allErrors: true }))
  ajv.addSchema(document, 'contract')
  const compiled = new Map<string, ValidateFunction>()

  const schemaAt = (endpoint: EndpointDescription, status: number, contentType: string) => {
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}')
    const place = ['paths', path, endpoint.method.toLowerCase(), 'responses', status, 'content', contentType, 'schema']
    const pointer = place.map((part) => encodeURIComponent(String(part).replaceAll('~', '~0').replaceAll('/', '~1')))
    const reference = `contract#/${pointer.join('/')}`
    const known = compiled.get(reference) ?? ajv.compile({ $ref: reference })
    compiled.set(reference, known)
    return known
  }
  const responseOf = (endpoint: EndpointDescription, status: number) => {
    const operation = document.paths[endpoint.path.replace(/:(\w+)/g, '{$1}')]?.[endpoint.method.toLowerCase()]
    const responses = operation?.['responses'] as Readonly<Record<string, { readonly content?: object }>> | undefined
    return responses?.[status]
  }
  const fault = (endpoint: EndpointDescription, status: number, contentType: string, body: unknown) => {
    const response = responseOf(endpoint, status)
    if (response === undefined) return `the contract knows no status ${status}`
    if (response.content === undefined) return body === undefined ? undefined : 'the contract tells of no body'
    if (!Object.hasOwn(response.content, contentType)) return `the contract knows no ${contentType} for ${status}`
    const check = schemaAt(endpoint, status, contentType)
    return check(body) ? undefined : ajv.errorsText(check.errors)
  }
  return {
    fault,
    expectTold(endpoint, answer, title) {
      const contentType = String(answer.headers['content-type'] ?? '').split(';')[0] ?? ''
      const body: unknown = answer.body === '' ? undefined : answer.json()
      const found = fault(endpoint, answer.statusCode, contentType, body)
      expect(found, `${title} answered ${answer.statusCode} against its contract: ${answer.body}`).toBeUndefined()
    },
  }
}

/** The tests of the documented examples: there are some, they are taken, and they are answered as the contract tells. */
export function describeExamples<Described extends EndpointDescription>(bench: () => ExampleBench<Described>): void {
  test('every endpoint that must be told something shows how, by an example', () => {
    const silent = bench()
      .endpoints()
      .filter(([, endpoint]) => needsExample(endpoint) && (endpoint.examples ?? []).length === 0)
    expect(silent.map(([name]) => name)).toEqual([])
  })

  test('every documented example is accepted by its endpoint and answered as the contract tells', async () => {
    const it = bench()
    for (const [name, endpoint] of it.endpoints()) {
      for (const example of endpoint.examples ?? []) {
        const answer = await it.send(endpoint, await preparedExample(it, name, example))
        expect(answer.statusCode, `${name}, ${example.name}: ${answer.body}`).toBeLessThan(300)
      }
    }
  })

  test('every documented answer is one that the contract allows', () => {
    const { contract, endpoints } = bench()
    for (const [name, endpoint] of endpoints()) {
      for (const { name: title, response } of endpoint.examples ?? []) {
        if (!response) continue
        const found = contract.fault(endpoint, response.status, 'application/json', response.body)
        expect(found, `${name}, ${title}`).toBeUndefined()
      }
    }
  })
}

/** An endpoint with a body, or with a query that must be given. */
function needsExample({ body, query }: EndpointDescription): boolean {
  return (
    body !== undefined || (query !== undefined && !query.safeParse({}).success && !(query instanceof z.ZodUndefined))
  )
}

/** The example with the path, and with the fields that name objects, of a request that the gateway accepts. */
async function preparedExample<Described extends EndpointDescription>(
  { samples, accepted }: ExampleBench<Described>,
  name: string,
  { request = {} }: EndpointExample,
): Promise<SampleRequest> {
  const sample = await accepted(name)
  const given = request as SampleRequest
  const prepared: SampleRequest = {
    ...(sample.params ? { params: sample.params } : {}),
    ...(given.query ? { query: naming(given.query, sample.query) } : {}),
    ...(given.body ? { body: naming(given.body, sample.body) } : {}),
  }
  return samples.prepareExample?.(name, prepared, sample) ?? prepared
}

function naming<Value>(
  given: Readonly<Record<string, Value>>,
  sample: Readonly<Record<string, Value>> | undefined,
): Readonly<Record<string, Value>> {
  const named = Object.entries(sample ?? {}).filter(([field]) => namingField.test(field) && field in given)
  return { ...given, ...Object.fromEntries(named) }
}
