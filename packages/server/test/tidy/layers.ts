import { type Import, importsOf } from './imports.ts'
import type { Source } from './project.ts'
import { type Breach, type Rule, SERVER, SRC } from './rule.ts'

/**
 * A layer owns the files that match `owns` and may import what matches `may`. In both, `**` is any depth and `*` one
 * folder; a `*` in `may` is the folder that `owns` matched, so that a dialect may import itself and no other.
 */
type Layer = { readonly name: string; readonly owns: readonly string[]; readonly may: readonly string[] }

const LAYERS: readonly Layer[] = [
  { name: 'the kernel', owns: ['kernel/**'], may: ['kernel/**'] },
  { name: 'the platform', owns: ['platform/**'], may: ['kernel/**', 'platform/**'] },
  { name: 'the ledger', owns: ['ledger/**'], may: ['kernel/**', 'platform/**', 'ledger/**'] },
  { name: 'http', owns: ['http/**'], may: ['kernel/**', 'platform/**', 'http/**'] },
  {
    name: 'the engine',
    owns: ['engine/**'],
    may: ['kernel/**', 'platform/**', 'ledger/**', 'engine/**', 'rails/rail.ts'],
  },
  { name: 'the rail contract', owns: ['rails/rail.ts'], may: ['kernel/**', 'platform/http-client.ts'] },
  {
    name: 'what serves every rail',
    owns: ['rails/registry.ts', 'rails/conformance.ts'],
    may: ['rails/rail.ts', 'kernel/**'],
  },
  {
    name: 'a rail',
    owns: ['rails/*/**'],
    may: ['rails/rail.ts', 'kernel/**', 'platform/http-client.ts', 'rails/*/**'],
  },
  {
    name: 'what serves every dialect',
    owns: ['dialects/dialect.ts', 'dialects/conformance.ts', 'dialects/conformance-examples.ts'],
    may: ['engine/index.ts', 'http/**', 'kernel/**', 'dialects/dialect.ts', 'dialects/conformance-examples.ts'],
  },
  {
    name: 'a dialect',
    owns: ['dialects/*/**'],
    may: ['engine/index.ts', 'http/**', 'kernel/**', 'dialects/dialect.ts', 'dialects/*/**'],
  },
  {
    name: 'the checkout page',
    owns: ['checkout/**'],
    may: ['engine/index.ts', 'http/**', 'kernel/**', 'dialects/dialect.ts', 'checkout/**'],
  },
  {
    name: 'a worker',
    owns: ['workers/**'],
    may: [
      'engine/index.ts',
      'kernel/**',
      'platform/**',
      'rails/rail.ts',
      'rails/registry.ts',
      'dialects/dialect.ts',
      'workers/**',
    ],
  },
  {
    name: 'the fixtures',
    owns: ['fixtures/**'],
    may: ['engine/index.ts', 'kernel/**', 'platform/**', 'dialects/dialect.ts', 'fixtures/**'],
  },
  {
    // It runs the gateway's own code, so it reaches what composes a gateway: the workers, the house dialect's webhooks,
    // and of the platform only a database to run on and the client whose failures its receivers act out.
    name: 'the simulation',
    owns: ['simulation/**'],
    may: [
      'engine/**',
      'kernel/**',
      'rails/**',
      'ledger/**',
      'workers/**',
      'dialects/paylect/index.ts',
      'platform/database.ts',
      'platform/http-client.ts',
      'simulation/**',
    ],
  },
  { name: 'the configuration', owns: ['config.ts'], may: ['kernel/**'] },
  { name: 'the composition', owns: ['app.ts', 'main.ts', 'commands/**'], may: ['**'] },
]

/** How high a folder of `src` stands: a test may import everything at its own height or below. */
const HEIGHTS: Readonly<Record<string, number>> = {
  kernel: 0,
  platform: 1,
  ledger: 2,
  http: 2,
  rails: 2,
  engine: 3,
  dialects: 4,
  checkout: 4,
  workers: 4,
  fixtures: 4,
  simulation: 4,
}
const HEIGHT_OF_COMPOSITION = 5
const HEIGHT_OPEN_TO_TESTS = 1

function heightOf(inside: string): number {
  return HEIGHTS[inside.split('/')[0] ?? ''] ?? HEIGHT_OF_COMPOSITION
}

function patternOf(glob: string, folder: string | undefined): RegExp {
  const body = glob
    .replaceAll('.', '\\.')
    .replaceAll('**', '§')
    .replaceAll('*', folder ?? '([^/]+)')
    .replaceAll('§', '.+')
  return new RegExp(`^${body}$`)
}

function insideSrc(path: string): string | undefined {
  return path.startsWith(`${SRC}/`) ? path.slice(SRC.length + 1) : undefined
}

function layerOf(inside: string): { layer: Layer; folder: string | undefined } | undefined {
  for (const layer of LAYERS) {
    for (const glob of layer.owns) {
      const match = patternOf(glob, undefined).exec(inside)
      if (match) return { layer, folder: match[1] }
    }
  }
  return undefined
}

function refusalInTest(inside: string, target: string): string | undefined {
  if (target.startsWith(`${SERVER}/test/support/`)) return undefined
  const imported = insideSrc(target)
  const heightMax = Math.max(heightOf(inside), HEIGHT_OPEN_TO_TESTS)
  if (imported !== undefined && heightOf(imported) <= heightMax) return undefined
  return `a test may import test/support, the platform and what stands at its own height or below, not ${target}`
}

function refusalInSource(inside: string, target: string): string | undefined {
  const place = layerOf(inside)
  if (!place) return undefined
  const imported = insideSrc(target)
  const { layer, folder } = place
  const allowed = imported !== undefined && !imported.endsWith('.test.ts')
  if (allowed && layer.may.some((glob) => patternOf(glob, folder).test(imported))) return undefined
  const may = layer.may.map((glob) => glob.replace(/(?<!\*)\*(?!\*)/, folder ?? '*')).join(', ')
  return `${layer.name} may import only ${may}, not ${imported ?? target}: move the code, or pass it in from app.ts`
}

function breachesOf(source: Source): Breach[] {
  const inside = insideSrc(source.path)
  if (inside === undefined) return []
  const inTest = inside.endsWith('.test.ts')
  const refuse = (found: Import): string | undefined => {
    if (/^(?:#|paylect(?:\/|$))/.test(found.specifier)) return `import ${found.specifier} by its relative path`
    if (found.target === undefined) return undefined
    return inTest ? refusalInTest(inside, found.target) : refusalInSource(inside, found.target)
  }
  const homeless = !inTest && layerOf(inside) === undefined
  const lost = `has no place in the layers: put it into a folder that docs/ARCHITECTURE.md names`
  return [
    ...(homeless ? [{ path: source.path, line: 1, message: lost }] : []),
    ...importsOf(source).flatMap((found) => {
      const message = refuse(found)
      return message === undefined ? [] : [{ path: source.path, line: found.line, message }]
    }),
  ]
}

function importing(file: string, target: string): { files: Record<string, string>; at: string[] } {
  return { files: { [`${SRC}/${file}`]: `\nimport { it } from '${target}'` }, at: [`${SRC}/${file}:2`] }
}

/** Who may import whom: section 2 of the architecture, as a table. */
export const layersRule: Rule = {
  title: 'a layer imports only what stands below it',
  check: (project) => project.sources.flatMap(breachesOf),
  refuses: [
    { because: 'the kernel importing the platform', ...importing('kernel/money.ts', '../platform/log.ts') },
    { because: 'the platform importing the ledger', ...importing('platform/log.ts', '../ledger/chart.ts') },
    { because: 'the ledger importing the engine', ...importing('ledger/chart.ts', '../engine/index.ts') },
    { because: 'http importing the engine', ...importing('http/server.ts', '../engine/index.ts') },
    { because: 'the engine importing a rail', ...importing('engine/refunds/refund.ts', '../../rails/pix/index.ts') },
    { because: 'the engine importing a dialect', ...importing('engine/index.ts', '../dialects/dialect.ts') },
    { because: 'a rail importing another rail', ...importing('rails/card/index.ts', '../pix/index.ts') },
    { because: 'a rail importing the database', ...importing('rails/card/index.ts', '../../platform/database.ts') },
    { because: 'the registry importing a rail', ...importing('rails/registry.ts', './card/index.ts') },
    { because: 'a dialect importing another', ...importing('dialects/panel/wire.ts', '../inflow/wire.ts') },
    {
      because: 'a dialect walking round the door',
      ...importing('dialects/panel/wire.ts', '../../engine/refunds/refund.ts'),
    },
    { because: 'a dialect importing the ledger', ...importing('dialects/panel/wire.ts', '../../ledger/chart.ts') },
    { because: 'the dialect contract importing a dialect', ...importing('dialects/dialect.ts', './panel/index.ts') },
    { because: 'checkout importing the platform', ...importing('checkout/page.ts', '../platform/database.ts') },
    { because: 'a worker importing a rail', ...importing('workers/poll.ts', '../rails/pix/index.ts') },
    { because: 'the simulation importing the platform', ...importing('simulation/run.ts', '../platform/log.ts') },
    { because: 'the configuration importing the platform', ...importing('config.ts', './platform/log.ts') },
    { because: 'source importing test support', ...importing('app.ts', '../test/support/database.ts') },
    { because: 'source importing a test', ...importing('app.ts', './kernel/money.test.ts') },
    { because: 'a test reaching upwards', ...importing('ledger/chart.test.ts', '../engine/index.ts') },
    { because: 'a way round by the package name', ...importing('kernel/money.ts', 'paylect/src/app.ts') },
    {
      because: 'a dynamic import',
      files: { [`${SRC}/kernel/money.ts`]: `export const it = () => import('../platform/log.ts')` },
      at: [`${SRC}/kernel/money.ts:1`],
    },
    {
      because: 'an import type',
      files: { [`${SRC}/kernel/money.ts`]: `export type It = import('../platform/log.ts').Log` },
      at: [`${SRC}/kernel/money.ts:1`],
    },
    {
      because: 'a folder that no layer owns',
      files: { [`${SRC}/services/pay.ts`]: 'export const pay = 1' },
      at: [`${SRC}/services/pay.ts:1`],
    },
  ],
  accepts: [
    { because: 'the engine importing the rail contract', ...importing('engine/index.ts', '../rails/rail.ts') },
    { because: 'a dialect importing itself', ...importing('dialects/panel/endpoints/pay.ts', '../wire.ts') },
    { because: 'a dialect importing the door', ...importing('dialects/panel/wire.ts', '../../engine/index.ts') },
    { because: 'a package from the registry', ...importing('kernel/money.ts', 'dinero.js') },
    { because: 'a test with its database', ...importing('ledger/a.test.ts', '../../test/support/database.ts') },
    { because: 'a dialect test importing the suite', ...importing('dialects/panel/a.test.ts', '../conformance.ts') },
    { because: 'a command importing anything', ...importing('commands/start.ts', '../rails/pix/index.ts') },
  ],
}
