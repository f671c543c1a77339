import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The process that all others of the database in `clusterDirectory` descend from; `undefined` where none is noted. */
export async function postmasterOf(clusterDirectory: string): Promise<number | undefined> {
  const text = await readFile(join(clusterDirectory, 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number(text.split('\n')[0])
  return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined
}

/** The children of a postmaster: those that serve connections over TCP, or all of them. */
export async function databaseProcesses(postmaster: number, which: 'sessions' | 'all'): Promise<number[]> {
  // `ps` ends with 1 when there is no such process.
  const listed = await run('ps', ['-o', 'pid=,args=', '--ppid', String(postmaster)]).catch(() => ({ stdout: '' }))
  const lines = listed.stdout.split('\n').filter((line) => line.trim() !== '')
  const chosen = which === 'all' ? lines : lines.filter((line) => line.includes('127.0.0.1('))
  return chosen.map((line) => Number.parseInt(line, 10))
}

/** Sends a signal to each process; one that has ended meanwhile is passed over. */
export function signalAll(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
}
