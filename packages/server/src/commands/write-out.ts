import { once } from 'node:events'

/**
 * Writes to standard output and waits while its reader is slow, so that a long export stays small in memory. Ends the
 * process quietly when the reader has gone away, as `head` does.
 */
export async function writeOut(text: string): Promise<void> {
  if (text === '') return
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}

/** A reader that has seen enough closes its end; that is no failure of ours. */
export function endQuietlyWithReader(): void {
  process.stdout.on('error', (error: Error & { code?: string }) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}
