import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const launcher = join(import.meta.dirname, '../../bin/paylect.js')
const endTimeoutMs = 60_000

/** What a command said, on which stream, and how it ended. */
export interface CommandResult {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs the command line in a process of its own to its end; it is killed when it takes longer than a minute. */
export async function runCommandLine(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  input = '',
): Promise<CommandResult> {
  const child = spawn(process.execPath, [launcher, ...args], {
    env: { PATH: process.env['PATH'], PAYLECT_LOG_LEVEL: 'warn', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: endTimeoutMs,
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString('utf8')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString('utf8')
  })
  child.stdin.end(input)
  await once(child, 'close')
  return { code: child.exitCode, out, err }
}
