import { describe, expect, test } from 'vitest'
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
    ['PAYLECT_COMMITTER_LANES', '0'],
  ])('refuses %s=%s and names the key', (key, value) => {
    expect(() => readConfig({ [key]: value })).toThrow(ConfigError)
    expect(() => readConfig({ [key]: value })).toThrow(key)
  })

  test('names every key at fault at once', () => {
    expect(() => readConfig({ PORT: 'x', PAYLECT_LOG_LEVEL: 'y' })).toThrow(/PORT[\s\S]*PAYLECT_LOG_LEVEL/)
  })
})
