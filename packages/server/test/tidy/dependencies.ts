import type { Project } from './project.ts'
import { type Breach, type Rule, SERVER } from './rule.ts'

const PAGE = 'docs/dependencies.md'
const ENTRY = /^- `([^`]+)` (\S+?): (.+)$/
const EXACT = /^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/
const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const

type Manifest = { readonly name?: string } & {
  readonly [kind in (typeof KINDS)[number]]?: Readonly<Record<string, string>>
}
type Pin = { readonly name: string; readonly version: string; readonly path: string; readonly line: number }

function lineNaming(text: string, name: string): number {
  return text.split('\n').findIndex((line) => line.includes(`"${name}":`)) + 1
}

/** What the manifests ask for, without our own packages. */
function pinsOf(project: Project): Pin[] {
  const manifests = [...project.texts]
    .filter(([path]) => /^(?:(?:packages|sdks)\/[^/]+\/)?package\.json$/.test(path))
    .map(([path, text]) => ({ path, text, manifest: JSON.parse(text) as Manifest }))
  const ours = new Set(manifests.map(({ manifest }) => manifest.name))
  return manifests.flatMap(({ path, text, manifest }) =>
    KINDS.flatMap((kind) => Object.entries(manifest[kind] ?? {}))
      .filter(([name]) => !ours.has(name))
      .map(([name, version]) => ({ name, version, path, line: lineNaming(text, name) })),
  )
}

function entriesOf(text: string): Pin[] {
  return text.split('\n').flatMap((line, index) => {
    const [, name, version] = ENTRY.exec(line) ?? []
    return name === undefined || version === undefined ? [] : [{ name, version, path: PAGE, line: index + 1 }]
  })
}

function check(project: Project): readonly Breach[] {
  const pins = pinsOf(project)
  const entries = entriesOf(project.texts.get(PAGE) ?? '')
  const keyOf = ({ name, version }: Pin): string => `${name}@${version}`
  const listed = new Set(entries.map(keyOf))
  const wanted = new Set(pins.map(keyOf))
  const loose = pins.filter(({ version }) => !EXACT.test(version))
  const unlisted = pins.filter((pin) => !listed.has(keyOf(pin)))
  const stale = entries.filter((entry) => !wanted.has(keyOf(entry)))
  const twice = entries.filter((entry, index) => entries.findIndex(({ name }) => name === entry.name) !== index)
  const report = (found: readonly Pin[], say: (pin: Pin) => string): Breach[] =>
    found.map((pin) => ({ path: pin.path, line: pin.line, message: say(pin) }))
  return [
    ...report(loose, (pin) => `asks for ${keyOf(pin)}: pin one exact version`),
    ...report(
      unlisted,
      (pin) => `asks for ${keyOf(pin)}: say why in ${PAGE}, as "- \`${pin.name}\` ${pin.version}: why"`,
    ),
    ...report(stale, (pin) => `explains ${keyOf(pin)}, which no manifest asks for: bring the line up to date`),
    ...report(twice, (pin) => `explains ${pin.name} twice`),
  ]
}

const MANIFEST = `${SERVER}/package.json`

/** Each dependency is pinned, and somebody could say why it is there. */
export const dependenciesRule: Rule = {
  title: 'every dependency is pinned and explained',
  check,
  refuses: [
    {
      because: 'a dependency that nobody explained',
      files: { [MANIFEST]: '{ "name": "paylect",\n"dependencies": { "pg": "8.23.1" } }', [PAGE]: '' },
      at: [`${MANIFEST}:2`],
    },
    {
      because: 'another version, a range, a repeated and a forgotten line',
      files: {
        [MANIFEST]: '{\n"dependencies": {\n"pg": "8.23.1",\n"zod": "^4.0.0" } }',
        [PAGE]: '- `pg` 8.0.0: the driver\n- `zod` ^4.0.0: schemas\n- `qs` 6.17.1: forms\n- `zod` ^4.0.0: again',
      },
      at: [`${MANIFEST}:4`, `${MANIFEST}:3`, `${PAGE}:1`, `${PAGE}:3`, `${PAGE}:4`],
    },
  ],
  accepts: [
    {
      because: 'pins that agree, and a package of ours',
      files: {
        'package.json':
          '{ "devDependencies": { "vitest": "5.1.0" }, "dependencies": { "paylect": "*", "ts-7": "npm:typescript@7.0.2" } }',
        [MANIFEST]: '{ "name": "paylect", "dependencies": { "pg": "8.23.1" } }',
        [PAGE]:
          '- `pg` 8.23.1: the driver\n- `vitest` 5.1.0: the runner\n- `ts-7` npm:typescript@7.0.2: the fast check',
      },
    },
  ],
}
