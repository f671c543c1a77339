import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findPostmaster } from './postmaster.ts'
import { isUnreaped } from './process-identity.ts'

test.runIf(process.platform === 'linux')(
  'a killed server that nobody has reaped does not keep the next one from starting',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'paylect-postmaster-'))
    // The shell becomes a program that never asks after the child which it inherits; the child ends only after that.
    const negligent = spawn('sh', ['-c', 'sleep 1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      const [printed] = await once(negligent.stdout, 'data')
      const dead = Number(String(printed).trim())
      await expect.poll(() => isUnreaped(dead), { timeout: 15_000 }).toBe(true)
      const lines = [dead, directory, 1, 1, '', '127.0.0.1', '1 1', 'ready']
      await writeFile(join(directory, 'postmaster.pid'), `${lines.join('\n')}\n`)
      expect(await findPostmaster(directory)).toBeUndefined()
      // PostgreSQL asks by a signal, which a process that was not reaped still takes.
      expect(await readdir(directory)).toEqual([])
    } finally {
      negligent.kill('SIGKILL')
      await rm(directory, { recursive: true, force: true })
    }
  },
)
