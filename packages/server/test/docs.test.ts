import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { renderFixtureSchema } from '../src/fixtures/fixture-schema.ts'
import { errorKinds } from '../src/kernel/engine-error.ts'
import { documentedCodes, raisedCodes } from './docs/error-codes.ts'
import { renderSettings } from './docs/render-settings.ts'
import { renderStates } from './docs/render-states.ts'

const docs = join(import.meta.dirname, '../../../docs')
const page = (name: string) => readFileSync(join(docs, name), 'utf8')

describe('generated and checked documentation', () => {
  test('states.md is what the transition tables say; run `npm run docs` after changing a table', () => {
    expect(page('states.md')).toBe(renderStates())
  })

  test('fixtures.schema.json is what the reader of fixtures says; run `npm run docs` after changing it', () => {
    expect(page('fixtures.schema.json')).toBe(renderFixtureSchema())
  })

  test('OPERATIONS.md has every setting as the configuration reads it', () => {
    expect(page('OPERATIONS.md')).toContain(renderSettings())
  })

  test('errors.md explains every code that the sources raise, with its kind', () => {
    const documented = documentedCodes(page('errors.md'))
    const missing = [...raisedCodes()].filter(([code, kind]) => kind !== 'internal' && documented.get(code) !== kind)
    expect(missing).toEqual([])
  })

  test('errors.md explains no code that nobody raises any more', () => {
    const raised = raisedCodes()
    const sources = [...documentedCodes(page('errors.md')).keys()].filter((code) => !raised.has(code))
    expect(sources).toEqual([])
  })

  test('errors.md names every kind', () => {
    const text = page('errors.md')
    expect(errorKinds.filter((kind) => !text.includes(`\`${kind}\``))).toEqual([])
  })
})
