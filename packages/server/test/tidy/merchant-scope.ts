import ts from 'typescript'
import type { Project, Source } from './project.ts'
import { type Breach, breachAt, lineAt, type Rule, SERVER, SRC } from './rule.ts'
import { builderCallsOf, sqlTextsOf } from './sql-texts.ts'

const MARKER = /(?:--|\/\/|\*)\s*crosses merchants: \S.{2,}/
const CREATE_TABLE = /create\s+table\s+(?:if\s+not\s+exists\s+)?(?:"?\w+"?\.)?"?(\w+)"?\s*\(/gi
const TABLE_USE = /(?<!distinct\s+)\b(?:from|join|into|update|using)\s+(?:only\s+)?(?:"?\w+"?\.)?(?:"?(\w+)"?|(\$\{))/gi
const ADVICE = 'name merchant_id in the statement, or write "-- crosses merchants: <reason>" directly above it'

/** The text between a parenthesis and its partner; `open` is the offset just behind the opening one. */
function insideParentheses(text: string, open: number): string {
  let depth = 1
  let end = open
  while (end < text.length && depth > 0) {
    if (text[end] === '(') depth += 1
    if (text[end] === ')') depth -= 1
    end += 1
  }
  return text.slice(open, end)
}

/** Names of the tables whose rows belong to one merchant: those that the migrations create with a `merchant_id`. */
export function merchantTablesOf(project: Project): ReadonlySet<string> {
  const tables = new Set<string>()
  for (const [path, text] of project.texts) {
    if (!/^packages\/[^/]+\/migrations\/.*\.sql$/.test(path)) continue
    const bare = text.replace(/--[^\n]*/g, '')
    for (const match of bare.matchAll(CREATE_TABLE)) {
      const columns = insideParentheses(bare, match.index + match[0].length)
      if (/\bmerchant_id\b/.test(columns)) tables.add(match[1] ?? '')
    }
  }
  return tables
}

function isWatched(path: string): boolean {
  if (path.endsWith('.test.ts') || !path.startsWith(`${SRC}/`)) return false
  return path.endsWith('-queries.ts') || [`${SRC}/ledger/`, `${SRC}/engine/commit/`].some((at) => path.startsWith(at))
}

/** The merchant-owned table that a statement uses; a table name that is filled in at run time counts as one. */
function ownedTableIn(statement: string, tables: ReadonlySet<string>): string | undefined {
  for (const match of statement.matchAll(TABLE_USE)) {
    if (match[2] !== undefined) return 'a table named at run time'
    if (match[1] !== undefined && tables.has(match[1])) return match[1]
  }
  return undefined
}

/** A column list that names `merchant_id` narrows nothing: in a read it must stand behind `from`, in a change behind `where`. */
function namesMerchant(statement: string): boolean {
  const bare = statement.replace(/^[\s`'"]+/, '')
  const narrowing = /^select\b/i.test(bare) ? /\bfrom\b/i : /^(?:update|delete)\b/i.test(bare) ? /\bwhere\b/i : /^/
  const start = bare.search(narrowing)
  return start >= 0 && /\bmerchant_id\b/.test(bare.slice(start))
}

/** Whether the comment lines directly above a line carry the marker. */
function isMarkedAbove(source: Source, line: number): boolean {
  const lines = source.text.split('\n')
  for (let above = line - 2; above >= 0; above -= 1) {
    const text = (lines[above] ?? '').trim()
    if (!/^(?:\/\/|--|\*|\/\*)/.test(text)) return false
    if (MARKER.test(text)) return true
  }
  return false
}

function isMarked(source: Source, node: ts.Node): boolean {
  let statement = node
  while (!ts.isStatement(statement) && statement.parent) statement = statement.parent
  return [node, statement].some((at) => isMarkedAbove(source, lineAt(source, at.getStart(source.ast))))
}

/** The function, or else the statement, in which a query is built: its conditions may be added step by step. */
function buildingSite(node: ts.Node): ts.Node {
  let site = node
  while (!ts.isFunctionLike(site) && !ts.isSourceFile(site.parent)) site = site.parent
  return site
}

type Finding = Breach & { readonly isException: boolean }

function findingsIn(source: Source, tables: ReadonlySet<string>): Finding[] {
  const finding = (node: ts.Node, table: string, isException: boolean): Finding => ({
    ...breachAt(source, node, `uses ${table} and could cross merchants: ${ADVICE}`),
    isException,
  })
  const written = sqlTextsOf(source).flatMap(({ node, raw }) =>
    raw.split(';').flatMap((statement) => {
      const table = ownedTableIn(statement.replace(/--[^\n]*/g, ''), tables)
      if (table === undefined || namesMerchant(statement.replace(/--[^\n]*/g, ''))) return []
      return [finding(node, table, MARKER.test(statement) || isMarked(source, node))]
    }),
  )
  const built = builderCallsOf(source).flatMap((call) => {
    const [first] = call.arguments
    const table = first && ts.isStringLiteralLike(first) ? (first.text.split(/\s+as\s+/)[0] ?? '') : 'a table'
    const isOwned = table === 'a table' || tables.has(table)
    if (!isOwned || /\bmerchant_id\b/.test(buildingSite(call).getText(source.ast))) return []
    return [finding(call, table, isMarked(source, call))]
  })
  return [...written, ...built]
}

function check(project: Project): readonly Breach[] {
  const tables = merchantTablesOf(project)
  const findings = project.sources.filter(({ path }) => isWatched(path)).flatMap((source) => findingsIn(source, tables))
  const breaches = findings.filter(({ isException }) => !isException)
  if (breaches.length === 0) return []
  const exceptions = findings.filter(({ isException }) => isException).map(({ path, line }) => `${path}:${line}`)
  const list = exceptions.length === 0 ? 'none' : exceptions.join(', ')
  return breaches.map((breach) => ({ ...breach, message: `${breach.message} (exceptions so far: ${list})` }))
}

const MIGRATION = {
  [`${SERVER}/migrations/0001_start.sql`]:
    'create table payments (\n  merchant_id text, -- owner\n  id text check (id <> $$)$$),\n  primary key (merchant_id, id)\n);\ncreate table currencies (code text);',
}

function querying(...lines: string[]): Record<string, string> {
  return { ...MIGRATION, [`${SRC}/engine/payments/payment-queries.ts`]: lines.join('\n') }
}

function at(...lines: number[]): string[] {
  return lines.map((line) => `${SRC}/engine/payments/payment-queries.ts:${line}`)
}

/** One merchant's work is one shard's work: no statement reads or writes the rows of two, unless it says why. */
export const merchantScopeRule: Rule = {
  title: 'no statement crosses merchants without saying why',
  check,
  refuses: [
    { because: 'a read by id alone', files: querying("const a = 'select id from payments where id = $1'"), at: at(1) },
    {
      because: 'a column list as the only mention',
      files: querying('const a = `select merchant_id, id from payments where id = $1`'),
      at: at(1),
    },
    {
      because: 'an update, a delete and an insert',
      files: querying(
        "const a = 'update payments set merchant_id = $1'",
        "const b = 'delete from payments where id = $1'",
        "const c = 'insert into payments (id) values ($1)'",
      ),
      at: at(1, 2, 3),
    },
    {
      because: 'the second of two statements',
      files: querying('const a = `select 1 from payments where merchant_id = $1; delete from payments where id = $2`'),
      at: at(1),
    },
    { because: 'a table named at run time', files: querying(`const a = \`select 1 from \${table}\``), at: at(1) },
    {
      because: 'a joined table',
      files: querying("const a = 'select 1 from currencies join payments on true'"),
      at: at(1),
    },
    { because: 'the query builder', files: querying("const a = db.selectFrom('payments').selectAll()"), at: at(1) },
    {
      because: 'a marker without a reason',
      files: querying('// crosses merchants:', "const a = 'select 1 from payments'"),
      at: at(2),
    },
    {
      because: 'a marker that stands further off',
      files: querying('// crosses merchants: nightly proof', 'const z = 1', "const a = 'select 1 from payments'"),
      at: at(3),
    },
  ],
  accepts: [
    { because: 'a scoped read', files: querying("const a = 'select 1 from payments where merchant_id = $1'") },
    {
      because: 'a comparison with a value',
      files: querying(`const a = \`select 1 from currencies where code is distinct from \${code}\``),
    },
    { because: 'a table without an owner', files: querying("const a = 'select 1 from currencies'") },
    {
      because: 'a scoped builder',
      files: querying("const a = () => db.selectFrom('payments').where('merchant_id', '=', m).selectAll()"),
    },
    {
      because: 'a reason above the statement',
      files: querying('// crosses merchants: the nightly proof reads all', "const a = 'select 1 from payments'"),
    },
    {
      because: 'a reason inside the statement',
      files: querying('const a = `', '-- crosses merchants: senders claim by lane', 'select 1 from payments`'),
    },
  ],
}
