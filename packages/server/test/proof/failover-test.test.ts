import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { FailoverReport } from './failover-run.ts'
import { findTools, MissingProgramsError, until } from './failover-tools.ts'

/*
 * The short form of `npm run failover-test`: one killed leader, about a minute. The pipeline installs none of Debian's
 * packages for it (a hundred megabytes, root, a server that starts itself), so there these tests are counted as skipped.
 */

const command = join(import.meta.dirname, 'failover-test.ts')
const shortTimeoutMs = 420_000
const startTimeoutMs = 200_000

const missing = await findTools().then(
  () => undefined,
  (error: unknown) => {
    if (error instanceof MissingProgramsError) return error.message.split('\n')[0]
    throw error
  },
)
const place = missing === undefined ? '' : ` (skipped: ${missing})`

test.skipIf(missing)(
  `a leader that is killed takes no acknowledged write with it, and service returns by itself${place}`,
  async () => {
    const { child, out, said } = launch(['--rounds', '1', '--only', 'kill', '--json'])
    const [code] = await once(child, 'close')
    expect(code, said()).toBe(0)
    const report = JSON.parse(out()) as FailoverReport
    expect(report).toMatchObject({ findings: [], lost: 0, doubled: 0 })
    expect(report.rounds).toHaveLength(1)
    expect(report.rounds[0]?.leader.after).not.toBe(report.rounds[0]?.leader.before)
    expect(report.acknowledged).toBeGreaterThan(50)
    expect(Object.keys(report.kinds).filter((kind) => !/^(?:503|429|cut)/.test(kind))).toEqual([])
  },
  shortTimeoutMs,
)

test.skipIf(missing)(
  `an interruption leaves no process and no folder behind${place}`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'paylect-interrupted-'))
    await chmod(folder, 0o755)
    const { child, said } = launch(['--rounds', '1', '--only', 'kill'], { TMPDIR: folder })
    await until(
      'the start of the cluster',
      startTimeoutMs,
      async () => said().includes('the cluster stands') || undefined,
    )
    expect(await processesIn(folder)).not.toEqual([])
    child.kill('SIGTERM')
    const [code] = await once(child, 'exit')
    expect(code, said()).toBe(130)
    expect(await processesIn(folder)).toEqual([])
    expect(await readdir(folder)).toEqual([])
    await rm(folder, { recursive: true })
  },
  shortTimeoutMs,
)

test('a machine without the programs is told which to install', async () => {
  const { child, said } = launch([], { PATH: '/nowhere' })
  const [code] = await once(child, 'close')
  expect(code).toBe(3)
  expect(said()).toMatch(/needs .*patroni.*\n {2}apt-get install -y .*patroni/)
})

test('an argument that means nothing is refused before anything starts', async () => {
  for (const args of [['--rounds', '0'], ['--only', 'flood'], ['--seed', '-1'], ['--unknown']]) {
    const { child } = launch(args)
    expect(await once(child, 'close'), args.join(' ')).toEqual([2, null])
  }
})

interface Launched {
  readonly child: ChildProcess
  readonly out: () => string
  readonly said: () => string
}

function launch(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Launched {
  const child = spawn(process.execPath, [command, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, said] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString('utf8')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8')
  })
  return { child, out: () => out, said: () => said }
}

/** Processes that work in the folder or were told of it. */
async function processesIn(folder: string): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0)
  const texts = await Promise.all(
    pids.map(async (pid) => {
      const place = await readlink(`/proc/${pid}/cwd`).catch(() => '')
      return `${place}/${await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')}`
    }),
  )
  return pids.filter((_, index) => texts[index]?.includes(folder))
}
