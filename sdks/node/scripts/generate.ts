import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Contract } from './contract.ts'
import { writeErrorKinds } from './write-error-kinds.ts'
import { writeResources } from './write-resources.ts'
import { writeTypes } from './write-types.ts'

const root = join(import.meta.dirname, '../../..')
const generatedFolder = join(import.meta.dirname, '../src/generated')
const header = (source: string) =>
  `// Written by scripts/generate.ts from ${source}; run \`npm run sdk\` to write it anew.\n\n`

/**
 * The generated files, by their paths: the same text for the same contract. Reads `docs/openapi/paylect.json` and
 * `docs/errors.md`, and formats with the project's own formatter, so that the result passes its rules.
 */
export function generatedFiles(): Readonly<Record<string, string>> {
  const contract = JSON.parse(readFileSync(join(root, 'docs/openapi/paylect.json'), 'utf8')) as Contract
  const errorsPage = readFileSync(join(root, 'docs/errors.md'), 'utf8')
  const fromContract = header('docs/openapi/paylect.json')
  const texts = {
    'types.ts': fromContract + writeTypes(contract),
    'resources.ts': fromContract + writeResources(contract),
    'error-kinds.ts': header('docs/errors.md') + writeErrorKinds(errorsPage),
  }
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => {
      const path = join(generatedFolder, name)
      return [path, formatted(path, text)]
    }),
  )
}

function formatted(path: string, text: string): string {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
  const command = [biome, 'check', '--write', `--stdin-file-path=${path}`]
  return execFileSync(process.execPath, command, { cwd: root, input: text, encoding: 'utf8' })
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(generatedFiles())) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}
