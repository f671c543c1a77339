import { breachAt, isTest, type Rule, SERVER, SRC } from './rule.ts'
import { builderCallsOf, sqlTextsOf } from './sql-texts.ts'

const PLACES = [`${SRC}/platform/`, `${SRC}/ledger/`, `${SRC}/engine/commit/`]

function maySpeakSql(path: string): boolean {
  if (PLACES.some((place) => path.startsWith(place)) || path.endsWith('-queries.ts')) return true
  return isTest(path) || /^packages\/[^/]+\/bench\//.test(path)
}

const MESSAGE = 'is SQL: move it into the *-queries.ts of its subject (or platform/, ledger/, engine/commit/)'

/** SQL has few homes, so that a change of the schema has few readers. */
export const sqlPlaceRule: Rule = {
  title: 'SQL stands only where SQL lives',
  check: (project) =>
    project.sources
      .filter(({ path }) => !maySpeakSql(path))
      .flatMap((source) => [
        ...sqlTextsOf(source).map(({ node }) => breachAt(source, node, MESSAGE)),
        ...builderCallsOf(source).map((call) => breachAt(source, call, MESSAGE)),
      ]),
  refuses: [
    {
      because: 'a select in a dialect',
      files: { [`${SRC}/dialects/panel/wire.ts`]: `\nexport const it = 'select id from payments'` },
      at: [`${SRC}/dialects/panel/wire.ts:2`],
    },
    {
      because: 'statements of every kind in a worker',
      files: {
        [`${SRC}/workers/poll.ts`]: [
          'const a = `',
          '  -- why',
          '  SELECT *',
          '  FROM payments`',
          "const b = 'insert ' + 'into payments values (1)'",
          `const c = \`update \${table} set status = 1\``,
          "const d = 'Delete from payments where id = $1'",
          'const e = `with due as (select 1) select 2`',
          'const f = sql`now()`',
          "const g = db.selectFrom('payments').selectAll()",
        ].join('\n'),
      },
      at: [1, 5, 6, 7, 8, 9, 10].map((line) => `${SRC}/workers/poll.ts:${line}`),
    },
  ],
  accepts: [
    {
      because: 'the places where SQL lives',
      files: {
        [`${SRC}/platform/database.ts`]: `export const it = 'select 1 from payments'`,
        [`${SRC}/ledger/verify.ts`]: `export const it = 'select 1 from payments'`,
        [`${SRC}/engine/commit/store.ts`]: `export const it = 'select 1 from payments'`,
        [`${SRC}/engine/refunds/refund-queries.ts`]: `export const it = 'select 1 from payments'`,
        [`${SRC}/workers/poll.test.ts`]: `export const it = 'select 1 from payments'`,
        [`${SERVER}/bench/floor.ts`]: `export const it = 'select 1 from payments'`,
      },
    },
    {
      because: 'prose',
      files: {
        [`${SRC}/checkout/page.ts`]: [
          "const a = 'Select your bank from the list'",
          "const b = 'Update the address, and set a default one.'",
          "const c = 'select'",
          "const d = 'an update of the data set'",
        ].join('\n'),
      },
    },
  ],
}
