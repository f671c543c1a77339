import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { RULES } from './tidy/all-rules.ts'
import { merchantTablesOf } from './tidy/merchant-scope.ts'
import { projectOf, readProject } from './tidy/project.ts'
import { describeBreaches } from './tidy/rule.ts'

// Style as a test. Each rule is held three times: the project keeps it, it finds the breaches planted for it, at the
// very lines, and it leaves the neighbouring code alone. docs/STYLE.md says in words what the rules say in code.

const root = fileURLToPath(new URL('../../../', import.meta.url))
const project = readProject(root)

describe('the project is seen whole', () => {
  test('code, documents and manifests are all read', () => {
    const paths = [...project.texts.keys()]
    expect(paths).toEqual(expect.arrayContaining(['package.json', 'docs/STYLE.md', 'packages/server/package.json']))
    expect(project.sources.map(({ path }) => path)).toContain('packages/server/test/tidy.test.ts')
    expect(paths.filter((path) => path.includes('node_modules/'))).toEqual([])
  })

  test('the migrations show which tables belong to a merchant', () => {
    const migrations = [...project.texts].filter(([path]) => /\/migrations\/.*\.sql$/.test(path))
    const doTheyNameMerchants = migrations.some(([, text]) => /^\s*merchant_id\s/m.test(text))
    expect(merchantTablesOf(project).size > 0).toBe(doTheyNameMerchants)
  })
})

describe.each(RULES)('$title', ({ check, refuses, accepts }) => {
  test('the whole project keeps the rule', () => {
    expect(describeBreaches(check(project))).toBe('')
  })

  test.each(refuses)('refuses $because', ({ files, at }) => {
    const found = check(projectOf(files)).map(({ path, line }) => `${path}:${line}`)
    expect(found.toSorted()).toEqual([...at].toSorted())
  })

  test.each(accepts)('accepts $because', ({ files }) => {
    expect(describeBreaches(check(projectOf(files)))).toBe('')
  })
})
