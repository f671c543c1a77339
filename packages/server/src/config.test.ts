import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from './config.ts'

describe('the configuration', () => {
  test('needs nothing: an empty environment gives the sandbox on port 8080 of this machine only', () => {
    const config = readConfig({})
    expect(config).toMatchObject({ host: 'localhost', port: 8080, databaseUrl: undefined, trustProxy: [] })
    expect(config.dataDirectory.endsWith('/.paylect')).toBe(true)
  })

  test('counts an empty variable as unset', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: '' })).toMatchObject({ port: 8080, databaseUrl: undefined })
  })

  test('reads lists and drops the final slash of the public address', () => {
    const config = readConfig({ PAYLECT_TRUST_PROXY: '10.0.0.1, 10.0.0.2', PAYLECT_PUBLIC_URL: 'https://pay.example/' })
    expect(config).toMatchObject({ trustProxy: ['10.0.0.1', '10.0.0.2'], publicUrl: 'https://pay.example' })
  })

  test.each([
    ['PORT', 'eighty'],
    ['PORT', '70000'],
    ['PORT', '80.5'],
    ['DATABASE_URL', 'mysql://localhost/paylect'],
    ['PAYLECT_MASTER_KEY', 'short'],
    ['PAYLECT_PUBLIC_URL', 'pay.example'],
    ['PAYLECT_LOG_LEVEL', 'loud'],
    ['PAYLECT_COMMITTER_GROUPS_IN_FLIGHT', '0'],
  ])('refuses %s=%s and names the key', (key, value) => {
    expect(() => readConfig({ [key]: value })).toThrow(ConfigError)
    expect(() => readConfig({ [key]: value })).toThrow(key)
  })

  test('names every key at fault at once', () => {
    expect(() => readConfig({ PORT: 'x', PAYLECT_LOG_LEVEL: 'y' })).toThrow(/PORT[\s\S]*PAYLECT_LOG_LEVEL/)
  })
})

describe('the configuration file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paylect-config-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'paylect.toml')
  const read = (text: string, environment = {}) => {
    writeFileSync(path, text)
    return readConfig({ PAYLECT_CONFIG: path, ...environment })
  }

  test('is read, its paths are relative to it, and the environment wins over it', () => {
    const text = '[server]\nport = 9000\nhost = "::"\ndata = "data"\n[webhooks]\nallow_networks = ["10.0.0.0/8"]'
    expect(read(text, { PORT: '9001' })).toMatchObject({
      ...{ port: 9001, host: '::', dataDirectory: join(folder, 'data'), webhookNetworks: ['10.0.0.0/8'] },
    })
  })

  test.each([
    ['[server]\nprot = 1', 'did you mean server.port'],
    ['[server]\nport = "x"', 'server.port'],
    ['[tls]\ncertificate = "a.pem"', 'PAYLECT_TLS_KEY'],
    ['[server', 'is not TOML'],
  ])('%s is refused with the key, the file and a way out', (text, said) => {
    expect(() => read(text)).toThrow(said)
    expect(() => read(text)).toThrow(path)
  })

  test('a secret may come from a file of its own, and a wrong one is never printed', () => {
    const secret = join(folder, 'key')
    writeFileSync(secret, `${'ab'.repeat(32)}\n`)
    expect(read('[security]\nmaster_key_file = "key"').masterKey).toBe('ab'.repeat(32))
    expect(() => readConfig({ DATABASE_URL: 'mysql://u:hunter2@h' })).toThrow(/^(?!.*hunter2)/s)
  })

  test('an unknown variable of ours is a warning with a suggestion', () => {
    expect(readConfig({ PAYLECT_LOG_LEVLE: 'info' }).warnings[0]).toContain('PAYLECT_LOG_LEVEL')
  })
})
