import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import type { OpenApiDocument } from '../../src/http/openapi.ts'
import { breakingChanges } from '../../src/http/openapi-breaking.ts'
import { documentText, openApiDocuments } from '../docs/render-openapi.ts'

const docs = join(import.meta.dirname, '../../../../docs')
const contracts = Object.entries(openApiDocuments())

/** The breaks that a decision record names, on a line of its own: `breaking: <dialect>: <message>`. */
function decidedBreaks(): ReadonlySet<string> {
  const folder = join(docs, 'decisions')
  const records = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'))
  return new Set(
    records.flatMap((text) => [...text.matchAll(/^breaking: (.+)$/gm)].map(([, said = '']) => said.trim())),
  )
}

/** Every schema of a document, with the place where it stands. */
function schemasOf(document: OpenApiDocument): (readonly [place: string, schema: object])[] {
  const found: (readonly [string, object])[] = []
  const visit = (part: unknown, place: string) => {
    if (typeof part !== 'object' || part === null) return
    for (const [key, value] of Object.entries(part)) {
      const here = `${place}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
      if (key === 'schema') found.push([here, value as object])
      else visit(value, here)
    }
  }
  visit(document, '')
  const named = Object.entries(document.components['schemas'] ?? {})
  return [...found, ...named.map(([name, schema]) => [`/components/schemas/${name}`, schema as object] as const)]
}

describe.each(contracts)('the contract of %s', (name, document) => {
  test('stands committed as it is written; run `npm run docs` after changing an endpoint', () => {
    expect(readFileSync(join(docs, `openapi/${name}.json`), 'utf8')).toBe(documentText(document))
  })

  test('is written the same every time', () => {
    expect(documentText(openApiDocuments()[name] ?? document)).toBe(documentText(document))
  })

  test('is a valid OpenAPI 3.1 document in the eyes of a stranger', async () => {
    const validator = new Validator()
    const { valid, errors } = await validator.validate({ ...structuredClone(document) })
    expect(errors ?? []).toEqual([])
    expect([valid, validator.version]).toEqual([true, '3.1'])
  })

  test('holds only schemas that compile', () => {
    const ajv = formats.default(new Ajv2020({ strict: false, validateFormats: true }))
    ajv.addSchema(document, 'contract')
    const places = schemasOf(document)
    expect(places.length).toBeGreaterThan(document.tags.length)
    for (const [place, schema] of places) {
      expect(ajv.validateSchema(schema), `${place}: ${ajv.errorsText()}`).toBe(true)
      expect(() => ajv.compile({ $ref: `contract#${encodeURI(place)}` }), place).not.toThrow()
    }
  })

  test('refers only to what it holds, and holds no schema that nothing refers to', () => {
    const text = JSON.stringify(document)
    const referred = new Set([...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, schema]) => schema))
    expect([...referred].sort()).toEqual(Object.keys(document.components['schemas'] ?? {}))
  })

  test('breaks nothing that was released, but for what a decision record names', () => {
    const released = JSON.parse(readFileSync(join(docs, `openapi/released/${name}.json`), 'utf8'))
    const decided = decidedBreaks()
    const undecided = breakingChanges(released, document).filter((said) => !decided.has(`${name}: ${said}`))
    expect(undecided, 'write a decision record with a line "breaking: <dialect>: <message>" for each').toEqual([])
  })

  test('has an id for every operation, and no id twice', () => {
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    )
    expect(ids.every((id) => /^[a-z][A-Za-z]*\.[a-z][A-Za-z]*$/.test(String(id)))).toBe(true)
    expect(new Set(ids).size).toBe(ids.length)
  })
})
