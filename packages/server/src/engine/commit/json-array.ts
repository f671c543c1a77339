/** The type `json` in PostgreSQL's catalogue. */
const jsonOid = 114
/** Dimensions, whether nulls may come, the elements' type; then the one dimension's length and lower bound. */
const headerBytes = 20
const lengthBytes = 4

/**
 * JSON texts as a `json[]` in PostgreSQL's binary form (array_recv). The text form of an array would escape every quote of
 * every text here and unescape it there, which costs more than anything else about a row.
 */
export function jsonArray(texts: readonly (string | null)[]): Buffer {
  const sizes = texts.map((text) => (text === null ? 0 : Buffer.byteLength(text)))
  const buffer = Buffer.allocUnsafe(headerBytes + sizes.reduce((sum, size) => sum + lengthBytes + size, 0))
  let at = 0
  const int32 = (value: number) => {
    at = buffer.writeInt32BE(value, at)
  }
  for (const value of [1, 1, jsonOid, texts.length, 1]) int32(value)
  texts.forEach((text, index) => {
    int32(text === null ? -1 : (sizes[index] ?? 0))
    if (text !== null) at += buffer.write(text, at)
  })
  return buffer
}
