import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { buildProgram } from '../../src/commands/program.ts'
import { renderCommandLine } from '../../src/commands/render-command-line.ts'
import { renderFixtureSchema } from '../../src/fixtures/fixture-schema.ts'
import { renderMagicValues } from '../../src/rails/simulator/magic-values.ts'
import { documentText, openApiDocuments } from './render-openapi.ts'
import { renderStates } from './render-states.ts'

const contracts = Object.entries(openApiDocuments()).map(([name, document]) => [name, documentText(document)] as const)

// `npm run docs -- --release` also makes today's contracts those that later ones are held against.
const isRelease = process.argv.includes('--release')

const pages = {
  'states.md': renderStates(),
  'CLI.md': renderCommandLine(buildProgram()),
  'sandbox-magic-values.md': renderMagicValues(),
  'fixtures.schema.json': renderFixtureSchema(),
  ...Object.fromEntries(contracts.map(([name, text]) => [`openapi/${name}.json`, text])),
  ...(isRelease ? Object.fromEntries(contracts.map(([name, text]) => [`openapi/released/${name}.json`, text])) : {}),
}

// `npm run docs`: writes the generated pages anew.
for (const [page, text] of Object.entries(pages)) {
  const path = join(import.meta.dirname, '../../../../docs', page)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
