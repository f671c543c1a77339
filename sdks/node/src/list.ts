import { noteResponse, responseOf } from './response-info.ts'
import type { CallOptions, Operation, Transport } from './transport.ts'

/** A page as the gateway writes it. */
export interface ListBody<Item> {
  readonly data: readonly Item[]
  readonly has_more: boolean
  /** The cursor for the next call, where a list has one of its own. */
  readonly next?: unknown
}

/** One page of a list. */
export interface Page<Item> {
  readonly data: readonly Item[]
  /** Whether there is more in the direction of the list. */
  readonly hasMore: boolean
  /** The next page, or undefined behind the last one. */
  nextPage(): Promise<Page<Item> | undefined>
}

/**
 * A list that is fetched as it is read: `for await (const payment of paylect.payments.list())` goes through all of it,
 * page by page, in the list's order; with `before` it goes away from that object in the other direction. Every loop
 * starts anew.
 */
export class List<Item> implements AsyncIterable<Item> {
  readonly #transport: Transport
  readonly #operation: Operation
  readonly #options: CallOptions

  constructor(transport: Transport, operation: Operation, options: CallOptions = {}) {
    this.#transport = transport
    this.#operation = operation
    this.#options = options
  }

  /** Fetches the first page alone. */
  async page(): Promise<Page<Item>> {
    const body = await this.#transport.send<ListBody<Item>>(this.#operation, this.#options)
    const page: Page<Item> = {
      data: body.data,
      hasMore: body.has_more,
      nextPage: async () => await this.#listBehind(body)?.page(),
    }
    const info = responseOf(body)
    return info ? noteResponse(page, info) : page
  }

  /** All pages, each fetched when it is asked for. */
  async *pages(): AsyncGenerator<Page<Item>, void, undefined> {
    let page: Page<Item> | undefined = await this.page()
    while (page) {
      yield page
      page = await page.nextPage()
    }
  }

  /** All objects of all pages. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    const isBackwards = this.#query['before'] !== undefined
    for await (const { data } of this.pages()) yield* isBackwards ? data.toReversed() : data
  }

  /** The first objects, as many as you say at most. */
  async toArray({ itemsMax }: { readonly itemsMax: number }): Promise<Item[]> {
    const items: Item[] = []
    if (itemsMax < 1) return items
    for await (const item of this) {
      items.push(item)
      if (items.length >= itemsMax) break
    }
    return items
  }

  get #query(): Readonly<Record<string, unknown>> {
    return (this.#operation.query ?? {}) as Readonly<Record<string, unknown>>
  }

  #listBehind(body: ListBody<Item>): List<Item> | undefined {
    if (!body.has_more) return undefined
    const cursor = this.#cursorBehind(body)
    if (cursor === undefined) return undefined
    const query = { ...this.#query, ...cursor }
    return new List<Item>(this.#transport, { ...this.#operation, query }, this.#options)
  }

  #cursorBehind({ data, next }: ListBody<Item>): object | undefined {
    if (next !== undefined && next !== null) return { after: next }
    const isBackwards = this.#query['before'] !== undefined
    const edge = data.at(isBackwards ? 0 : -1) as { readonly id?: unknown } | undefined
    if (edge?.id === undefined) return undefined
    return isBackwards ? { before: edge.id } : { after: edge.id }
  }
}
