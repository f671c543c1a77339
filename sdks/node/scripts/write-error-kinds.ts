/** Kinds that share the statuses 409 and 422: the code alone tells which of them it is. */
const kindsOfSharedStatuses: readonly string[] = [
  'conflict',
  'invalid_state',
  'idempotency_mismatch',
  'insufficient_funds',
  'limit_exceeded',
  'unsupported',
]

/** Writes the table of the codes whose status does not say their kind, from the page that explains the errors. Unformatted. */
export function writeErrorKinds(errorsPage: string): string {
  const rows = [...errorsPage.matchAll(/^\| `(\w+)` \| `(\w+)` \|/gm)].map(([, code = '', kind = '']) => ({
    code,
    kind,
  }))
  const shared = rows.filter(({ kind }) => kindsOfSharedStatuses.includes(kind))
  const entries = shared.map(({ code, kind }) => `${code}: '${kind}',`).toSorted()
  const kinds = kindsOfSharedStatuses.map((kind) => `'${kind}'`).join(' | ')
  return `type Kind = ${kinds}

/** The kinds of the codes that come with the statuses 409 and 422. */
export const kindOfCode: Readonly<Record<string, Kind>> = {
  ${entries.join('\n')}
}
`
}
