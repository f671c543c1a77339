import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderStates } from './render-states.ts'

// `npm run docs`: writes the generated pages anew.
writeFileSync(join(import.meta.dirname, '../../../../docs/states.md'), renderStates())
