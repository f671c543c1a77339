import { chanceRule, decimalsRule } from './confined-calls.ts'
import { fileCyclesRule, folderCyclesRule } from './cycles.ts'
import { dependenciesRule } from './dependencies.ts'
import { documentedRule } from './documented.ts'
import { anyRule, defaultExportRule, erasableRule } from './language.ts'
import { layersRule } from './layers.ts'
import { linksRule } from './links.ts'
import { machinePathsRule, registryRule } from './machine.ts'
import { merchantScopeRule } from './merchant-scope.ts'
import type { Rule } from './rule.ts'
import { barrelRule, emptyNamesRule, fileLengthRule, functionLengthRule, kebabRule, testNamesRule } from './shape.ts'
import { sqlPlaceRule } from './sql-place.ts'
import { styleGuideRule } from './style-guide.ts'
import { lazyTestsRule, markersRule, silencersRule } from './unfinished.ts'

const HELD: readonly Rule[] = [
  layersRule,
  fileCyclesRule,
  folderCyclesRule,
  sqlPlaceRule,
  merchantScopeRule,
  chanceRule,
  decimalsRule,
  defaultExportRule,
  anyRule,
  erasableRule,
  silencersRule,
  markersRule,
  lazyTestsRule,
  testNamesRule,
  barrelRule,
  emptyNamesRule,
  kebabRule,
  fileLengthRule,
  functionLengthRule,
  documentedRule,
  linksRule,
  machinePathsRule,
  registryRule,
  dependenciesRule,
]

/** Every house rule that a machine can hold, in the order of docs/STYLE.md. */
export const RULES: readonly Rule[] = [...HELD, styleGuideRule(HELD.map(({ title }) => title))]
