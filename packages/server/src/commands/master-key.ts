import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import type { Config } from '../config.ts'
import { secretContext } from '../engine/index.ts'
import { createDatabase } from '../platform/database.ts'
import { derivedKey } from '../platform/derived-key.ts'
import type { Log } from '../platform/log.ts'
import { createVault, VaultError } from '../platform/vault.ts'
import { newestSealedEndpoint } from './master-key-queries.ts'

/** The master key's file in the data directory, and its length. */
export const masterKeyFile = 'master.key'
/** See `masterKeyFile`. */
export const masterKeyBytes = 32

/** What can be said of a master key: it opens what is sealed, it does not, or nothing is sealed that could tell. */
export type MasterKeyState = 'opens' | 'wrong' | 'untried'

/** Tries the master key, 64 hexadecimal digits, on the secret that was sealed last. */
export async function tryMasterKey(
  client: Pick<pg.Pool, 'query'> | Pick<pg.ClientBase, 'query'>,
  masterKey: string,
): Promise<MasterKeyState> {
  const endpoint = await newestSealedEndpoint(client)
  if (endpoint === undefined) return 'untried'
  try {
    const vault = createVault({ keys: [{ id: 'master', key: derivedKey(masterKey, 'vault') }] })
    vault.open(endpoint.sealedSecret, secretContext(endpoint, endpoint.dialect))
    return 'opens'
  } catch (error) {
    if (!(error instanceof VaultError)) throw error
    return 'wrong'
  }
}

/** The configured key or the data directory's; undefined when there is none yet. Makes none. */
export async function findMasterKey(config: Config): Promise<string | undefined> {
  if (config.masterKey !== undefined) return config.masterKey
  try {
    return (await readFile(join(config.dataDirectory, masterKeyFile), 'utf8')).trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Refuses a master key that does not open what the database holds: no webhook could be signed, and new secrets would be lost. */
export async function requireRightKey(url: string, masterKey: string, log: Log): Promise<void> {
  const database = await createDatabase({
    url,
    poolMax: 1,
    applicationName: 'paylect-start',
    onError: (error) => log.warn({ err: error }, 'a connection to the database was lost'),
  })
  try {
    if ((await tryMasterKey(database.pool, masterKey)) !== 'wrong') return
  } finally {
    await database.close()
  }
  throw new Error(
    'The master key is not the one that this database was used with: it does not open its webhook secrets. ' +
      'Processes on one database share one key (PAYLECT_MASTER_KEY or PAYLECT_MASTER_KEY_FILE). If the old key is lost, see ' +
      '"A lost master key" in docs/OPERATIONS.md.',
  )
}
