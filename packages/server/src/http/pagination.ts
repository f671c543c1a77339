import * as z from 'zod'

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[]
  /** True when at least one more item follows. */
  readonly hasMore: boolean
}

/** The most items that one page holds. */
export const pageItemsMax = 100
const cursorLengthMax = 512
const idLengthMax = 255

/** Makes a page of rows that were read with one row more than `limit`: the extra row only tells that there is more. */
export function pageOf<Item>(rows: readonly Item[], limit: number): Page<Item> {
  return { items: rows.slice(0, limit), hasMore: rows.length > limit }
}

/** Schema of a page size in a query: decimal text of 1 to 100, `defaultItems` when left out. */
export function pageLimit(defaultItems: number) {
  return z
    .codec(z.string().max(idLengthMax), z.int().min(1).max(pageItemsMax), {
      decode: (text) => (/^\d{1,9}$/.test(text) ? Number(text) : Number.NaN),
      encode: String,
    })
    .default(defaultItems)
}

/** The pieces of a list query: how many, and after which id. Spread into the query's object schema. */
export function pageQuery(defaultItems = 20) {
  return { limit: pageLimit(defaultItems), starting_after: z.string().min(1).max(idLengthMax).optional() }
}

/**
 * Schema of a cursor that callers hand back as they got it: base64url of the JSON of `position`. It hides the position, but does not protect it: what
 * comes back is checked by `position` and must be treated as the caller's own words.
 */
export function cursorOf<Position extends z.ZodType>(position: Position) {
  return z.codec(z.string().min(1).max(cursorLengthMax), position, {
    decode: (text, payload) => {
      try {
        return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
      } catch {
        payload.issues.push({ code: 'custom', input: text, message: 'is not a cursor that was given out' })
        return z.NEVER
      }
    },
    encode: (value) => Buffer.from(JSON.stringify(value), 'utf8').toString('base64url'),
  })
}
