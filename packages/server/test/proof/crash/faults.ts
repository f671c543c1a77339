import { setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from '../../../src/simulation/chance.ts'
import { databaseProcesses, postmasterOf, signalAll } from './database-processes.ts'
import type { FlakyProxy, SilentDirection } from './flaky-proxy.ts'
import type { CrashInstallation } from './installation.ts'

/** Something that goes wrong. `strike` resolves when the harm is done; what was killed is on its way back then. */
export interface Fault {
  readonly name: string
  strike(chance: Chance): Promise<void>
}

const frozenLeastMs = 300
const frozenMostMs = 2_500
const delayLeastMs = 20
const delayMostMs = 300
const spellLeastMs = 500
const spellMostMs = 3_000
/** A postmaster that is coming back has yet to write its number. */
const findTriesMax = 100
const findPauseMs = 50

/** All faults of the installation's form. */
export function faultsOf(installation: CrashInstallation): readonly Fault[] {
  const { proxy } = installation
  if (proxy) return networkFaults(proxy)
  const ours = Object.entries(installation.processes).flatMap(([name, { kill, signal }]) => [
    { name: `${name} killed`, strike: kill },
    { name: `${name} frozen`, strike: (chance: Chance) => freeze(chance, signal) },
  ])
  return [...ours, ...databaseFaults(installation), both(installation)]
}

async function freeze(chance: Chance, signal: (name: NodeJS.Signals) => void): Promise<void> {
  signal('SIGSTOP')
  await sleep(chance.between(frozenLeastMs, frozenMostMs))
  signal('SIGCONT')
}

async function postmaster({ clusterDirectory }: CrashInstallation): Promise<number> {
  for (let tries = 0; tries < findTriesMax; tries += 1) {
    const pid = await postmasterOf(clusterDirectory)
    if (pid !== undefined) return pid
    await sleep(findPauseMs)
  }
  throw new Error('there is no database to kill')
}

async function killDatabase(installation: CrashInstallation, which: 'postmaster' | 'all'): Promise<void> {
  const parent = await postmaster(installation)
  signalAll([...(which === 'all' ? await databaseProcesses(parent, 'all') : []), parent], 'SIGKILL')
  installation.reviveDatabase()
}

function databaseFaults(installation: CrashInstallation): readonly Fault[] {
  return [
    {
      name: 'one session of the database killed',
      strike: async (chance) => {
        const sessions = await databaseProcesses(await postmaster(installation), 'sessions')
        if (sessions.length > 0) signalAll([chance.pick(sessions)], 'SIGKILL')
      },
    },
    { name: 'postmaster killed', strike: () => killDatabase(installation, 'postmaster') },
    { name: 'every process of the database killed', strike: () => killDatabase(installation, 'all') },
    {
      name: 'database frozen',
      strike: async (chance) => {
        const parent = await postmaster(installation)
        const pids = [parent, ...(await databaseProcesses(parent, 'all'))]
        await freeze(chance, (name) => signalAll(pids, name))
      },
    },
  ]
}

/** As when a machine loses its power: the gateway and its database go in the same moment. */
function both(installation: CrashInstallation): Fault {
  return {
    name: 'everything killed at once',
    strike: async () => {
      const kills = Object.values(installation.processes).map(({ kill }) => kill())
      await Promise.all([killDatabase(installation, 'all'), ...kills])
    },
  }
}

function networkFaults(proxy: FlakyProxy): readonly Fault[] {
  const each = () => true
  const during = async (chance: Chance, begin: () => void) => {
    begin()
    await sleep(chance.between(spellLeastMs, spellMostMs))
    proxy.clear()
  }
  return [
    {
      name: 'every packet delayed',
      strike: (chance) => during(chance, () => proxy.delay(chance.between(delayLeastMs, delayMostMs))),
    },
    { name: 'all connections cut', strike: async () => void proxy.cut(each) },
    { name: 'some connections cut', strike: async (chance) => void proxy.cut(() => chance.oneIn(3)) },
    { name: 'all connections silent', strike: async () => void proxy.halfOpen(each, 'both') },
    { name: 'all silent towards the database', strike: async () => void proxy.halfOpen(each, 'to_server') },
    { name: 'all silent towards the gateway', strike: async () => void proxy.halfOpen(each, 'to_client') },
    {
      name: 'some silent in some direction',
      strike: async (chance) => {
        const direction = chance.pick<SilentDirection>(['both', 'to_server', 'to_client'])
        proxy.halfOpen(() => chance.oneIn(3), direction)
      },
    },
    { name: 'nothing passes for a while', strike: (chance) => during(chance, proxy.darken) },
  ]
}
