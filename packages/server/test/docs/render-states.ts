import {
  attemptTransitions,
  deliveryTransitions,
  paymentTransitions,
  payoutTransitions,
  refundTransitions,
} from '../../src/engine/index.ts'
import { isFinal, statesOf, type TransitionTable } from '../../src/kernel/transitions.ts'

/** Every transition table of the engine, in the order of the page. */
export const transitionTables: readonly TransitionTable<string, string>[] = [
  paymentTransitions,
  attemptTransitions,
  refundTransitions,
  payoutTransitions,
  deliveryTransitions,
]

/** The text of docs/states.md. */
export function renderStates(): string {
  const head = `# States

Generated from the transition tables in the code by \`npm run docs\`; a test fails when this page and the tables differ.
A state in **bold** is final. The database holds the same moves and vetoes any other change of status.
`
  return `${head}${transitionTables.map(renderTable).join('')}`
}

function renderTable(table: TransitionTable<string, string>): string {
  const rows = statesOf(table).flatMap((state) => {
    if (isFinal(table, state)) return [`| **${state}** | | |`]
    return Object.entries(table.moves[state] ?? {}).map(([event, to]) => `| ${state} | ${event} | ${to} |`)
  })
  const title = `${table.name.charAt(0).toUpperCase()}${table.name.slice(1)}`
  return `\n## ${title}\n\nStarts as \`${table.initial}\`.\n\n| state | event | leads to |\n|---|---|---|\n${rows.join('\n')}\n`
}
