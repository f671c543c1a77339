/*
 * What a benchmark reports: a figure beside a floor that was measured in the same run. A figure alone says little, because
 * the same machine is twice as fast an hour later; its ratio to the floor says what this code costs.
 */

/** One measured figure, over all its rounds. Values of rounds are summed up by their median. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly floor: number
  readonly floorName: string
  /** Value divided by floor, the median over the rounds. */
  readonly ratio: number
  /** Latencies where single calls were timed, else null. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  /** Every round as it was measured, in order. */
  readonly rounds: readonly Round[]
  /** What else was counted; every check that is named here held. */
  readonly detail: Readonly<Record<string, number | string>>
}

/** One round of a figure: the floor is the mean of one measurement before and one after. */
export interface Round {
  readonly value: number
  readonly floor: number
  readonly p50Ms?: number
  readonly p99Ms?: number
  readonly detail?: Readonly<Record<string, number>>
}

/** What a figure aims for, and the least that will do; `more` and `less` say which side of them is good. */
interface Aim {
  readonly of: 'ratio' | 'value'
  readonly better: 'more' | 'less'
  readonly goal: number
  readonly least: number
}

const atLeast = (goal: number, least: number): Aim => ({ of: 'ratio', better: 'more', goal, least })
const atMost = (of: Aim['of'], goal: number, least: number): Aim => ({ of, better: 'less', goal, least })

const aims: Readonly<Record<string, Aim>> = {
  payments_http_32: atLeast(2, 1),
  payments_http_256: atLeast(3, 1.5),
  payments_http_hot_32: atLeast(1, 0.9),
  payments_with_webhooks_64: atLeast(1.3, 0.8),
  ledger_postings: atLeast(6, 4),
  webhook_deliveries: atLeast(0.7, 0.4),
  request_p99_32: atMost('ratio', 0.6, 1),
  list_first_page: atMost('ratio', 5, 10),
  list_deep_page: atMost('ratio', 5, 10),
  list_search: atMost('ratio', 5, 10),
  start_cold: atMost('value', 1.5, 5),
  start_warm: atMost('value', 0.6, 2),
  memory_idle: atMost('value', 160, 250),
  peer_medusa: atLeast(100, 100),
}

/** Whether the figure reaches its goal, only what is the least, or neither; undefined for a figure without an aim. */
export function standingOf({ name, ratio, value }: Figure): 'goal met' | 'least met' | 'missed' | undefined {
  const aim = aims[name]
  if (aim === undefined) return undefined
  const reached = aim.of === 'ratio' ? ratio : value
  const meets = (mark: number) => (aim.better === 'more' ? reached >= mark : reached <= mark)
  if (meets(aim.goal)) return 'goal met'
  return meets(aim.least) ? 'least met' : 'missed'
}

const nameColumn = 27

/** Sums the rounds of a figure up. Throws when one of them measured nothing. */
export function figureOf(
  what: Pick<Figure, 'name' | 'unit' | 'floorName'>,
  rounds: readonly Round[],
  detail: Figure['detail'] = {},
): Figure {
  const broken = rounds.find(({ value, floor }) => !(value > 0 && floor > 0))
  if (rounds.length === 0 || broken)
    throw new Error(`${what.name}: a round measured nothing: ${JSON.stringify(broken)}`)
  const over = (pick: (round: Round) => number | undefined) => {
    const given = rounds.flatMap((round) => pick(round) ?? [])
    return given.length === 0 ? null : rounded(median(given))
  }
  return {
    name: what.name,
    value: over(({ value }) => value) ?? 0,
    unit: what.unit,
    floor: over(({ floor }) => floor) ?? 0,
    floorName: what.floorName,
    ratio: over(({ value, floor }) => value / floor) ?? 0,
    p50Ms: over(({ p50Ms }) => p50Ms),
    p99Ms: over(({ p99Ms }) => p99Ms),
    rounds: rounds.map((round) => ({ ...round, value: rounded(round.value), floor: rounded(round.floor) })),
    detail: { ...mediansOf(rounds), ...detail },
  }
}

function mediansOf(rounds: readonly Round[]): Record<string, number> {
  const names = [...new Set(rounds.flatMap(({ detail }) => Object.keys(detail ?? {})))]
  return Object.fromEntries(
    names.map((name) => [name, rounded(median(rounds.flatMap(({ detail }) => detail?.[name] ?? [])))]),
  )
}

/** The value below which the given share of a sorted list lies. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  )
}

/** Three significant digits, and never fewer than the whole part. */
function rounded(value: number): number {
  if (Math.abs(value) >= 100) return Math.round(value)
  return Number(value.toPrecision(3))
}

/** The contract of `--json`: one object a figure with exactly these members; latencies are null where no call was timed. */
export function figureJson({ name, value, unit, floor, floorName, ratio, p50Ms, p99Ms }: Figure): string {
  return JSON.stringify({ name, value, unit, floor, floorName, ratio, p50Ms, p99Ms })
}

/** For people: the figure, its floor, their ratio with its range over the rounds, what it aims for, and what else was seen. */
export function figureLines(figure: Figure): string {
  const { name, value, unit, floor, floorName, ratio, p50Ms, p99Ms, rounds, detail } = figure
  const ratios = rounds.map((round) => rounded(round.value / round.floor))
  const aim = aims[name]
  const sign = aim?.better === 'less' ? '<=' : '>='
  const measure = aim?.of === 'ratio' ? 'x floor' : unit
  const indent = `\n${' '.repeat(nameColumn)}`
  const lines = [
    `${name.padEnd(nameColumn)}${value} ${unit} = ${ratio} x ${floorName} (${floor}), rounds ${Math.min(...ratios)} to ${Math.max(...ratios)}`,
    aim && `goal ${sign} ${aim.goal}, least ${sign} ${aim.least} ${measure}: ${standingOf(figure)}`,
    p50Ms !== null && `p50 ${p50Ms} ms, p99 ${p99Ms} ms`,
    Object.entries(detail)
      .map(([key, it]) => `${key} ${it}`)
      .join(', '),
  ]
  return lines.filter((line) => line !== undefined && line !== false && line !== '').join(indent)
}
