import type { Project } from './project.ts'
import { type Breach, lineOfOffset, type Rule } from './rule.ts'

const PAGE = 'docs/STYLE.md'
const NAMED = /Tidy: `([^`]+)`/g
const TITLE = 'the style guide names every rule, and no other'

function compare(project: Project, titles: ReadonlySet<string>): Breach[] {
  const text = project.texts.get(PAGE) ?? ''
  const named = [...text.matchAll(NAMED)].map((match) => ({ title: match[1] ?? '', index: match.index }))
  const missing = [...titles].filter((title) => !named.some((other) => other.title === title))
  return [
    ...named
      .filter(({ title }) => !titles.has(title))
      .map(({ title, index }) => ({
        path: PAGE,
        line: lineOfOffset(text, index),
        message: `names the rule "${title}", which no tidy test holds`,
      })),
    ...missing.map((title) => ({ path: PAGE, line: 1, message: `does not say: Tidy: \`${title}\`` })),
  ]
}

/** The page that people read and the rules that run say the same. `others` are the titles of all other rules. */
export function styleGuideRule(others: readonly string[]): Rule {
  const titles = new Set([...others, TITLE])
  const page = (named: readonly string[]): Record<string, string> => ({
    [PAGE]: ['# Style', ...named.map((title) => `- Tidy: \`${title}\``)].join('\n'),
  })
  return {
    title: TITLE,
    check: (project) => compare(project, titles),
    refuses: [
      { because: 'a rule that the page forgot', files: page([...titles].slice(1)), at: [`${PAGE}:1`] },
      { because: 'a rule that nobody holds', files: page(['be nice', ...titles]), at: [`${PAGE}:2`] },
    ],
    accepts: [{ because: 'a page that names them all', files: page([...titles]) }],
  }
}
