import { configSettings } from '../../src/config.ts'

/** The table of all settings as docs/OPERATIONS.md holds it. */
export function renderSettings(): string {
  const rows = configSettings.map(({ key, variable, means, otherwise }) => {
    return `| ${key === undefined ? '' : `\`${key}\``} | \`${variable}\` | ${means} | ${otherwise} |`
  })
  return ['| in the file | variable | means | default |', '|---|---|---|---|', ...rows].join('\n')
}
