import type { Command } from 'commander'
import { readClientConfig } from '../config.ts'
import { act, jsonOption, UsageError, webAddress, withExamples } from './command-action.ts'
import { paint, printJson, printLine, tableText } from './command-output.ts'
import { type Profiles, profileOf, profilesPath, readProfiles, requireProfileName, writeProfiles } from './profiles.ts'

/** `paylect profiles`: several gateways by name. */
export function registerProfiles(program: Command): void {
  const profiles = program.command('profiles').description('Keep the addresses and keys of several gateways.')
  withExamples(
    profiles,
    'paylect profiles add staging --url https://pay.example.com --key sk_test_…',
    'paylect --profile staging payments list',
  )
  const list = profiles
    .command('list')
    .description('List the profiles; the one in use has a star. Keys are not shown.')
    .addOption(jsonOption())
    .action(async (options: { json?: boolean }) => act(() => printProfiles(options.json ?? false)))
  withExamples(list, 'paylect profiles list')
  const add = profiles
    .command('add')
    .description('Add a profile, or replace the one of that name. The first one is used from then on.')
    .argument('<name>', 'what you call it')
    .requiredOption('--url <url>', 'the gateway’s address', webAddress)
    .requiredOption('--key <key>', 'a secret key of the house API, sk_…; - reads it from standard input')
    .addOption(jsonOption())
    .action(async (name: string, options: AddOptions) => act(() => addProfile(name, options)))
  withExamples(add, 'paylect profiles add staging --url https://pay.example.com --key - < key')
  const use = profiles
    .command('use')
    .description('Use a profile where none is named.')
    .argument('<name>', 'which one')
    .addOption(jsonOption())
    .action(async (name: string, options: { json?: boolean }) => act(() => useProfile(name, options.json ?? false)))
  withExamples(use, 'paylect profiles use staging')
  const remove = profiles
    .command('remove')
    .description('Forget a profile. The key itself stays valid: revoke it with "paylect keys revoke".')
    .argument('<name>', 'which one')
    .addOption(jsonOption())
    .action(async (name: string, options: { json?: boolean }) => act(() => removeProfile(name, options.json ?? false)))
  withExamples(remove, 'paylect profiles remove staging')
}

interface AddOptions {
  readonly url: string
  readonly key: string
  readonly json?: boolean
}

const keyBytesMax = 4_096

function shownProfiles({ current, profiles }: Profiles) {
  return Object.entries(profiles).map(([name, { url, apiKey }]) => {
    return { name, url, key_hint: apiKey.slice(-4), current: name === current }
  })
}

async function printProfiles(asJson: boolean): Promise<void> {
  const path = profilesPath(readClientConfig())
  const shown = shownProfiles(await readProfiles(path))
  if (asJson) return printJson(shown)
  if (shown.length === 0) return printLine('There is no profile yet. Add one with "paylect profiles add".')
  const rows = shown.map(({ name, url, key_hint: hint, current }) => [current ? '*' : '', name, url, `…${hint}`])
  const columns = [{ title: '' }, { title: 'name' }, { title: 'url', cut: true }, { title: 'key' }]
  process.stdout.write(tableText(columns, rows))
}

async function change(asJson: boolean, message: string, apply: (profiles: Profiles) => Profiles): Promise<void> {
  const path = profilesPath(readClientConfig())
  const changed = apply(await readProfiles(path))
  await writeProfiles(path, changed)
  if (asJson) printJson(shownProfiles(changed))
  else printLine(`${message} ${paint.dim(path)}`)
}

async function addProfile(name: string, { url, key, json }: AddOptions): Promise<void> {
  requireProfileName(name)
  const apiKey = key === '-' ? await readKey() : key
  if (!/^[\x21-\x7e]+$/.test(apiKey))
    throw new UsageError('option --key takes a key without blanks, such as sk_test_….')
  await change(json ?? false, `Profile ${name} is kept in`, ({ current, profiles }) => {
    return { current: current ?? name, profiles: { ...profiles, [name]: { url, apiKey } } }
  })
}

async function readKey(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin) {
    text += String(chunk)
    if (text.length > keyBytesMax) break
  }
  return text.trim()
}

async function useProfile(name: string, asJson: boolean): Promise<void> {
  await change(asJson, `Profile ${name} is used from now on:`, (profiles) => {
    profileOf(profiles, name)
    return { ...profiles, current: name }
  })
}

async function removeProfile(name: string, asJson: boolean): Promise<void> {
  await change(asJson, `Profile ${name} is gone from`, (before) => {
    profileOf(before, name)
    const profiles = Object.fromEntries(Object.entries(before.profiles).filter(([other]) => other !== name))
    return { current: before.current === name ? null : before.current, profiles }
  })
}
