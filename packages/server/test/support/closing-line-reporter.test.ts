import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const REPORTER = fileURLToPath(new URL('./closing-line-reporter.ts', import.meta.url))
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paylect-reporter-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Runs the real runner over small test files, and answers the last line of its output. */
function lastLineOf(files: Readonly<Record<string, string>>): string | undefined {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const script = `
    import { startVitest } from 'vitest/node'
    import { closingLineReporter } from ${JSON.stringify(REPORTER)}
    const options = { root: ${JSON.stringify(folder)}, config: false, watch: false, globals: true, include: ['*.test.js'] }
    const vitest = await startVitest('test', [], { ...options, reporters: ['default', closingLineReporter()] })
    await vitest.close()
    process.on('beforeExit', () => process.stdout.write('somebody still has something to say\\n'))
  `
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: ROOT, encoding: 'utf8' })
  return run.stdout.trimEnd().split('\n').at(-1)
}

describe('the last line of a run', () => {
  test('counts what passed, failed and was skipped', () => {
    const tests = "test('a', () => {})\ntest('b', () => { throw new Error('no') })\ntest.skip('c', () => {})\n"
    expect(lastLineOf({ 'a.test.js': `${tests}test('d', () => {})` })).toBe('2 passed, 1 failed, 1 skipped')
  })

  test('does not mention skipped tests where there are none', () => {
    expect(lastLineOf({ 'a.test.js': "test('a', () => {})" })).toBe('1 passed, 0 failed')
  })

  test('a file that does not load, and a hook that throws, are failures', () => {
    const hook = "describe('s', () => { beforeAll(() => { throw new Error('no') })\ntest('b', () => {}) })"
    const files = { 'a.test.js': "import './nowhere.js'", 'b.test.js': hook, 'c.test.js': "test('c', () => {})" }
    expect(lastLineOf(files)).toMatch(/^1 passed, 2 failed, 1 skipped$/)
  })
})
