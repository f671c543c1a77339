import type { RandomSource } from '../kernel/ids.ts'

/** Everything random in a simulation comes from here, so that a seed replays it. */
export interface Chance extends RandomSource {
  /** A whole number from 0 to below `bound`. */
  below(bound: number): number
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number
  /** True once in `times`, on average. */
  oneIn(times: number): boolean
  /** One of the items. Throws `RangeError` for none. */
  pick<Item>(items: readonly Item[]): Item
  /** One of the entries, in proportion to their weights. */
  weighted<Item>(entries: readonly (readonly [weight: number, item: Item])[]): Item
  /** Goes on with a stream of its own for this part of the run, whatever was drawn before: a part can be left out alone. */
  open(part: number): void
}

/** The chance of a seed: sfc32, a small generator that passes PractRand, started from the seed by a mixing step. */
export function createChance(seed: number): Chance {
  let next = sfc32(seed, 0)
  const below = (bound: number) => Math.floor((next() / 2 ** 32) * bound)
  const pick = <Item>(items: readonly Item[]): Item => {
    if (items.length === 0) throw new RangeError('there is nothing to pick from')
    return items[below(items.length)] as Item
  }
  return {
    below,
    between: (least, most) => least + below(most - least + 1),
    oneIn: (times) => below(times) === 0,
    pick,
    weighted: (entries) => {
      let left = below(entries.reduce((sum, [weight]) => sum + weight, 0))
      for (const [weight, item] of entries) {
        left -= weight
        if (left < 0) return item
      }
      return pick(entries)[1]
    },
    open: (part) => {
      next = sfc32(seed, part)
    },
    bytes: (count) => Uint8Array.from({ length: count }, () => below(256)),
  }
}

function sfc32(seed: number, part: number): () => number {
  let a = seed | 0
  let b = Math.imul(seed, 0x9e3779b9) ^ Math.imul(part, 0x85ebca6b)
  let c = ~seed | 0
  let counter = 1
  const next = () => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return sum >>> 0
  }
  // Seeds that differ in one bit begin alike; a few rounds part them.
  for (let round = 0; round < 12; round += 1) next()
  return next
}
