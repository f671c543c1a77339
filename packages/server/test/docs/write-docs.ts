import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderMagicValues } from '../../src/rails/simulator/magic-values.ts'
import { renderStates } from './render-states.ts'

const pages = { 'states.md': renderStates(), 'sandbox-magic-values.md': renderMagicValues() }

// `npm run docs`: writes the generated pages anew.
for (const [page, text] of Object.entries(pages)) {
  writeFileSync(join(import.meta.dirname, '../../../../docs', page), text)
}
