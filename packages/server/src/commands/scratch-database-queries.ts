import { randomBytes } from 'node:crypto'
import pg from 'pg'

const nameBytes = 8

/** Makes an empty database on the server at an address; answers its address. The user must be allowed to make databases. */
export async function createScratchDatabase(serverUrl: string): Promise<string> {
  const name = `paylect_scratch_${randomBytes(nameBytes).toString('hex')}`
  await onServer(serverUrl, `create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** Removes a database that `createScratchDatabase` made, whoever is connected to it. */
export async function dropScratchDatabase(serverUrl: string, url: string): Promise<void> {
  await onServer(serverUrl, `drop database if exists ${new URL(url).pathname.slice(1)} with (force)`)
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'paylect-scratch' })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
