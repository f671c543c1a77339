import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type GatewayProcess,
  makeDataDirectory,
  startGatewayProcess,
} from '../../../packages/server/test/support/gateway-process.ts'
import { type InstalledPackage, installPackage } from './installed-package.ts'

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
let installed: InstalledPackage
let directory: Awaited<ReturnType<typeof makeDataDirectory>>
let gateway: GatewayProcess

beforeAll(async () => {
  installed = installPackage()
  directory = await makeDataDirectory()
  gateway = await startGatewayProcess({ dataDirectory: directory.path })
})

afterAll(async () => {
  await gateway?.stop()
  await directory?.remove()
  installed?.remove()
})

function blocks(language: string): string {
  const found = [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))]
  return found.map(([, text]) => text).join('')
}

function withoutIds(text: string): string {
  return text.replace(/\b(pay|re|po|evt)_[0-9a-z]{26}\b/g, '$1_…')
}

test('every line of code in the README passes the compiler, runs, and prints what the README shows', () => {
  installed.write('readme.ts', blocks('ts'))
  expect(installed.typeErrors('readme.ts')).toBe('')
  const printed = installed.run('readme.ts', {
    PAYLECT_URL: gateway.sandbox.baseUrl,
    PAYLECT_KEY: gateway.sandbox.dialects['paylect']?.apiKey,
  })
  expect(withoutIds(printed)).toBe(withoutIds(blocks('text')))
})

test('the README shows an answer for everything that prints', () => {
  expect(blocks('text').split('\n').length).toBeGreaterThan(10)
})
