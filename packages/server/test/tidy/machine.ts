import type { Project } from './project.ts'
import { type Breach, lineOfOffset, type Rule } from './rule.ts'

/** Folders that exist on one machine only. Put together from parts, so that this file does not name them itself. */
const FOLDERS = ['work', 'farm']
const PATHS = new RegExp(`(?<![\\w.\\-*}])/(?:${FOLDERS.join('|')})/`, 'g')
const REGISTRY_HOST = /"resolved":\s*"[a-z+]+:\/\/|^\s*(?:@[\w-]+:)?registry\s*=/gm

function findAll(project: Project, pattern: RegExp, isWatched: (path: string) => boolean, message: string): Breach[] {
  return [...project.texts]
    .filter(([path]) => isWatched(path))
    .flatMap(([path, text]) =>
      [...text.matchAll(pattern)].map(({ index }) => ({ path, line: lineOfOffset(text, index), message })),
    )
}

/** The project runs where it is cloned. */
export const machinePathsRule: Rule = {
  title: 'no file names a folder of one machine',
  check: (project) => findAll(project, PATHS, () => true, 'names a folder of one machine: use a path from the root'),
  refuses: [
    {
      because: 'such a folder in a document and in code',
      files: {
        'README.md': `first\nsee \`/${FOLDERS[0]}/main\``,
        'packages/server/src/config.ts': `const a = '/${FOLDERS[1]}/data'`,
      },
      at: ['README.md:2', 'packages/server/src/config.ts:1'],
    },
  ],
  accepts: [
    {
      because: 'a folder of that name inside the project or a site',
      files: { 'README.md': `docs/${FOLDERS[0]}/a https://example.org/${FOLDERS[0]}/a` },
    },
  ],
}

/** Whoever installs chooses the registry. */
export const registryRule: Rule = {
  title: 'the lockfile names no registry',
  check: (project) =>
    findAll(
      project,
      REGISTRY_HOST,
      (path) => /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|\.npmrc)$/.test(path),
      'names a registry: install with --omit-lockfile-registry-resolved',
    ),
  refuses: [
    {
      because: 'a resolved address and a configured registry',
      files: {
        'package-lock.json': '{\n  "resolved": "https://registry.example/a.tgz"\n}',
        '.npmrc': 'fund=false\nregistry=https://registry.example/',
      },
      at: ['.npmrc:2', 'package-lock.json:2'],
    },
  ],
  accepts: [
    {
      because: 'a linked workspace',
      files: { 'package-lock.json': '{ "resolved": "packages/server", "link": true }' },
    },
  ],
}
