import { setTimeout as sleep } from 'node:timers/promises'
import pc from 'picocolors'
import { exponentOf, isCurrency } from '../kernel/currencies.ts'
import { decimalFromMinor, money } from '../kernel/money.ts'

/** The width that everything for people keeps to. */
export const outputColumns = 80

/** What takes longer tells so, and then this often. */
const progressEveryMs = 2_000
/** Progress of the longest command that anybody waits for; after that it goes on in silence. */
const progressLinesMax = 10_000

/** Colours for standard output: none when it is not a terminal or NO_COLOR is set. */
export const paint = pc.createColors(pc.isColorSupported && process.stdout.isTTY === true)

/** Writes text for people, with a line's end. */
export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** Writes one JSON value on one line; a bigint is written as a number where it is exact, else as text. */
export function printJson(value: unknown): void {
  process.stdout.write(`${jsonText(value)}\n`)
}

/** The text of `printJson` without the line's end. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, held: unknown) => {
    if (typeof held !== 'bigint') return held
    return Number.isSafeInteger(Number(held)) ? Number(held) : String(held)
  })
}

/** Writes what is neither answer nor failure, on standard error. */
export function printNote(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** One column of a table. */
export interface TableColumn {
  readonly title: string
  /** Numbers stand at the right. */
  readonly right?: boolean
  /** The column that is cut with an ellipsis when the table would be too wide. */
  readonly cut?: boolean
  /** Adds colour to a cell that has been padded. */
  readonly colour?: (padded: string) => string
}

const gap = '  '

/** A table of aligned columns, at most 80 wide where its `cut` column can give way. Ends with a line's end. */
export function tableText(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, index) => {
    return Math.max(title.length, ...rows.map((row) => widthOf(row[index] ?? '')))
  })
  const total = widths.reduce((sum, width) => sum + width, 0) + gap.length * (columns.length - 1)
  const giving = columns.findIndex(({ cut }) => cut === true)
  const tooWide = total - outputColumns
  if (giving >= 0 && tooWide > 0) {
    const least = columns[giving]?.title.length ?? 1
    widths[giving] = Math.max(least, (widths[giving] ?? 0) - tooWide)
  }
  const line = (cells: readonly string[], colours: boolean) =>
    columns
      .map(({ right, colour }, index) => {
        const padded = pad(cells[index] ?? '', widths[index] ?? 0, right === true)
        return colours && colour ? colour(padded) : padded
      })
      .join(gap)
      .trimEnd()
  const head = paint.bold(
    line(
      columns.map(({ title }) => title),
      false,
    ),
  )
  return `${[head, ...rows.map((row) => line(row, true))].join('\n')}\n`
}

function pad(text: string, width: number, right: boolean): string {
  const cut = widthOf(text) > width ? `${[...text].slice(0, Math.max(0, width - 1)).join('')}…` : text
  const blanks = ' '.repeat(Math.max(0, width - widthOf(cut)))
  return right ? blanks + cut : cut + blanks
}

function widthOf(text: string): number {
  return [...text].length
}

/** Names and values below each other. Empty values are left out. Long values are not cut: they are there to be copied. */
export function fieldsText(fields: readonly (readonly [name: string, value: string | null | undefined])[]): string {
  const shown = fields.filter(([, value]) => value !== null && value !== undefined && value !== '')
  const width = Math.max(0, ...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${paint.dim(name.padEnd(width))}${gap}${value}\n`).join('')
}

/** An amount in major units with its currency: `250.00 INR`; in minor units where the currency is not known. */
export function amountText(minor: bigint | number, currency: string): string {
  if (!isCurrency(currency)) return `${minor} minor units of ${currency}`
  const value = BigInt(minor)
  if (exponentOf(currency) === 0) return `${value} ${currency}`
  return `${decimalFromMinor(money(value, currency))} ${currency}`
}

/** An ISO 8601 time as people read it, in UTC to the minute: `2026-11-21 09:40`. */
export function timeText(iso: string | null | undefined): string {
  return iso ? iso.slice(0, 16).replace('T', ' ') : ''
}

/** Breaks text at blanks so that no line is longer than `width`; a word that is longer stands alone. */
export function wrapText(text: string, width = outputColumns, indent = ''): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && widthOf(indent) + widthOf(longer) > width) {
      lines.push(indent + line)
      line = word
    } else {
      line = longer
    }
  }
  return [...lines, indent + line].join('\n')
}

/**
 * Runs what may take long. From two seconds on standard error tells every two seconds that it goes on; `detail` adds how
 * far it is.
 */
export async function withProgress<Result>(
  label: string,
  run: () => Promise<Result>,
  detail: () => string = () => '',
): Promise<Result> {
  const done = new AbortController()
  const startedAt = performance.now()
  const tell = async () => {
    for (let lines = 0; lines < progressLinesMax; lines += 1) {
      await sleep(progressEveryMs, undefined, { signal: done.signal, ref: false })
      const seconds = Math.round((performance.now() - startedAt) / 1000)
      printNote(`${label} … ${[`${seconds} s`, detail()].filter((part) => part !== '').join(', ')}`)
    }
  }
  const telling = tell().catch(() => undefined)
  try {
    return await run()
  } finally {
    done.abort()
    await telling
  }
}
