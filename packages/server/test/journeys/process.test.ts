import { spawn } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeDataDirectory, runCommand, startGatewayProcess } from '../support/gateway-process.ts'

let directory: Awaited<ReturnType<typeof makeDataDirectory>>

beforeEach(async () => {
  directory = await makeDataDirectory()
})

afterEach(async () => {
  await directory.remove()
})

async function createPayment(gateway: Awaited<ReturnType<typeof startGatewayProcess>>): Promise<string> {
  const { baseUrl, dialects } = gateway.sandbox
  const answer = await fetch(`${baseUrl}/monetiflow/v2/payments/create`, {
    method: 'POST',
    headers: { authorization: `Bearer ${dialects['monetiflow']?.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ amount: 25000, currency: 'INR', payment_method: 'upi' }),
  })
  expect(answer.status).toBe(201)
  return ((await answer.json()) as { id: string }).id
}

async function statusOf(gateway: Awaited<ReturnType<typeof startGatewayProcess>>, id: string): Promise<number> {
  const { baseUrl, dialects } = gateway.sandbox
  const answer = await fetch(`${baseUrl}/monetiflow/v2/payments/${id}`, {
    headers: { authorization: `Bearer ${dialects['monetiflow']?.apiKey}` },
  })
  return answer.status
}

describe('the process', () => {
  test('SIGTERM ends it cleanly, and a second start keeps data and credentials', async () => {
    const first = await startGatewayProcess({ dataDirectory: directory.path })
    const id = await createPayment(first)
    expect(await first.stop('SIGTERM')).toBe(0)
    await expect(readFile(join(directory.path, 'postgresql', 'postmaster.pid'))).rejects.toThrow('ENOENT')
    const second = await startGatewayProcess({ dataDirectory: directory.path })
    expect(second.sandbox.dialects).toEqual(first.sandbox.dialects)
    expect(await statusOf(second, id)).toBe(200)
    await second.stop()
  })

  test('after kill -9 the next start finds everything that was acknowledged', async () => {
    const first = await startGatewayProcess({ dataDirectory: directory.path })
    const id = await createPayment(first)
    await first.stop('SIGKILL')
    const second = await startGatewayProcess({ dataDirectory: directory.path })
    expect(await statusOf(second, id)).toBe(200)
    await second.stop()
  })

  test('when the embedded database is killed, the gateway brings it back and serves again', async () => {
    const gateway = await startGatewayProcess({ dataDirectory: directory.path })
    const id = await createPayment(gateway)
    const pidFile = await readFile(join(directory.path, 'postgresql', 'postmaster.pid'), 'utf8')
    process.kill(Number(pidFile.split('\n')[0]), 'SIGKILL')
    await expect.poll(() => statusOf(gateway, id).catch(() => 0), { timeout: 20_000 }).toBe(200)
    // A write that meets a connection of the old server is told to come back (503); the next one finds the new server.
    await expect
      .poll(
        () =>
          createPayment(gateway).then(
            () => 'created',
            () => 'try again',
          ),
        { timeout: 10_000 },
      )
      .toBe('created')
    await gateway.stop()
  })

  test('a second process on the same data directory is refused and told why', async () => {
    const first = await startGatewayProcess({ dataDirectory: directory.path })
    const second = await runCommand({ dataDirectory: directory.path })
    expect(second.code).toBe(1)
    expect(second.output).toContain('is in use by process')
    expect(second.output).not.toContain('    at ')
    await first.stop()
  })

  test('a server started with --clock begins there, and a clock that makes no sense is refused', async () => {
    const args = ['start', '--clock', '2025-03-01T10:00:00Z']
    const gateway = await startGatewayProcess({ dataDirectory: directory.path, args })
    const answer = await fetch(`${gateway.sandbox.baseUrl}/v1/sandbox/clock`, {
      headers: { authorization: `Bearer ${gateway.sandbox.dialects['paylect']?.apiKey}` },
    })
    expect(((await answer.json()) as { now: string }).now).toMatch(/^2025-03-01T10:00/)
    await gateway.stop()
    const again = await startGatewayProcess({ dataDirectory: directory.path, args })
    await again.stop()
    const refused = await runCommand({ dataDirectory: directory.path, args: ['start', '--clock', 'yesterday'] })
    expect(refused.code).toBe(2)
    expect(refused.output).toContain('ISO 8601')
  })

  test('wrong configuration is refused with the name of the key', async () => {
    const refused = await runCommand({ dataDirectory: directory.path, environment: { PORT: 'eighty' } })
    expect(refused.code).toBe(1)
    expect(refused.output).toContain('PORT')
  })

  test.runIf(userInfo().uid === 0)('works as root in a folder that other users cannot enter', async () => {
    const closed = await mkdtemp(join(tmpdir(), 'paylect-closed-'))
    await chmod(closed, 0o700)
    const gateway = await startGatewayProcess({ dataDirectory: join(closed, 'data') })
    await createPayment(gateway)
    await gateway.stop()
    await rm(closed, { recursive: true, force: true })
  })

  test.runIf(userInfo().uid === 0)('works as an ordinary user', async () => {
    const nobody = 65534
    const home = await mkdtemp(join(tmpdir(), 'paylect-user-'))
    await mkdir(join(home, 'data'))
    await chown(home, nobody, nobody)
    await chown(join(home, 'data'), nobody, nobody)
    const launcher = join(import.meta.dirname, '../../bin/paylect.js')
    const child = spawn(process.execPath, [launcher, 'start'], {
      uid: nobody,
      gid: nobody,
      cwd: home,
      env: { PATH: process.env['PATH'], HOME: home, PORT: '0', PAYLECT_DATA: join(home, 'data') },
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk
    })
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk
    })
    await expect.poll(() => output, { timeout: 20_000 }).toContain('Stop with Ctrl-C')
    child.kill('SIGTERM')
    await expect.poll(() => child.exitCode, { timeout: 20_000 }).toBe(0)
    await rm(home, { recursive: true, force: true })
  })
})
