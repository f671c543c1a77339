import type { WireRequest } from './fuzz-client.ts'

/** Requests that making one smaller may send. */
const triesMax = 120
const shortCharacters = 40

/**
 * The smallest request found that still fails: with headers, parts of the query, members of the body and halves of long
 * texts left out, many at a time first. `fails` sends a request and says whether it fails in the same way.
 */
export async function shrinkRequest(
  wire: WireRequest,
  fails: (smaller: WireRequest) => Promise<boolean>,
): Promise<WireRequest> {
  let smallest = wire
  let tries = 0
  const firstThatFails = async () => {
    for (const candidate of smallerThan(smallest)) {
      if (tries === triesMax) return undefined
      tries += 1
      if (await fails(candidate)) return candidate
    }
    return undefined
  }
  for (;;) {
    const found = await firstThatFails()
    if (found === undefined) return smallest
    smallest = found
  }
}

/** Made one by one as they are asked for: a body may have thousands of members. */
function* smallerThan(wire: WireRequest): Generator<WireRequest> {
  const { method, target, headers, body } = wire
  if (body !== undefined) yield { method, target, headers, body: undefined }
  for (const fewer of withFewer(headers)) yield { ...wire, headers: fewer }
  const [path = '', query] = target.split(/\?(.*)/s)
  if (query !== undefined) {
    for (const parts of withFewer(query.split('&'))) {
      yield { ...wire, target: parts.length === 0 ? path : `${path}?${parts.join('&')}` }
    }
  }
  for (const smaller of smallerValues(parsed(body))) yield { ...wire, body: Buffer.from(JSON.stringify(smaller)) }
}

/** The list without its halves, then without its quarters, down to without one. */
function* withFewer<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let size = items.length; size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < items.length; at += size) yield [...items.slice(0, at), ...items.slice(at + size)]
  }
}

function* smallerValues(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  const entries = Object.entries(value)
  for (const fewer of withFewer(entries)) yield Object.fromEntries(fewer)
  for (const [name, part] of entries) {
    if (typeof part === 'string' && part.length > shortCharacters) {
      yield { ...value, [name]: part.slice(0, Math.ceil(part.length / 2)) }
    } else for (const smaller of smallerValues(part)) yield { ...value, [name]: smaller }
  }
}

function parsed(body: Buffer | undefined): unknown {
  try {
    const value: unknown = JSON.parse(body?.toString('utf8') ?? 'null')
    // Only what JSON can say again is made smaller: a doubled member would be lost.
    return Buffer.from(JSON.stringify(value)).equals(body ?? Buffer.alloc(0)) ? value : undefined
  } catch {
    return undefined
  }
}
