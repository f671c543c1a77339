import { passesLuhn } from '../kernel/card-number.ts'

/**
 * Takes out of log text what must never be kept: card numbers (PCI DSS 3.4: at most the first six and last four
 * digits), credentials and one-time codes. It works on the finished line, because redaction by path misses what stands
 * deep in an object or inside a message, a stack trace or a quoted body. Every pattern runs in linear time: lines hold
 * strangers' text.
 */

const mask = '[masked]'

/** Longer lines are replaced by a note: scrubbing costs time in proportion, and nothing may be written unscrubbed. */
export const lineLengthMax = 262_144

const panDigitsMin = 13
const panDigitsMax = 19

/** A card number in groups has short groups; a timestamp beside a small number does not become one. */
const panGroupDigitsMax = 6

/**
 * How card numbers begin (ISO/IEC 7812): Mastercard and Mir 2, travel cards and JCB 3, Visa and Verve 4 and 5,
 * UnionPay, RuPay, Elo and Maestro 5 and 6, RuPay 81 and 82, Troy 9792. Epoch times begin with 1, written dates with 19
 * or 20.
 */
const panStart = /^(?:2[2-7]|[3-6]|8[12]|9792)/
const digitRun = /[0-9]+(?:[ -][0-9]+)*/g

const authorizationText = /\b((?:proxy-)?authorization["']?\s{0,8}[:=]\s{0,8}["']?)[^"'\r\n]+/gi
const schemeText = /\b(bearer|basic)( +)[A-Za-z0-9._~+/=-]+/gi
const keyText = /\b((?:sk|mk|rk|whsec)_(?:live_|test_|sandbox_)?)[A-Za-z0-9+/=_-]{4,}/gi

/** Names whose values are secret whatever they look like, in lower case and without `-` and `_`. */
const secretNames: ReadonlySet<string> = new Set(
  `authorization proxyauthorization xapikey apikey password passphrase secret secretkey clientsecret webhooksecret privatekey
   cookie setcookie token accesstoken refreshtoken sessiontoken cvv cvv2 cvc pin otp track1 track2`.split(/\s+/),
)

/** A cheap sign that a line may hold something to mask. It may be wrong that it does, never that it does not. */
const suspicious =
  /[0-9](?:[ -]?[0-9]){12}|authorization|bearer|basic|(?:sk|mk|rk|whsec)_|api[-_]?key|pass|secret|private[-_]?key|cookie|token|"(?:cv[vc]2?|pin|otp|track[-_]?[12])"/i

/** Strings, numbers and brackets of a line of JSON, in order. */
const jsonToken = /"[^"\\]*(?:\\.[^"\\]*)*"|-?[0-9][0-9.eE+-]*|[{}[\]]/g

/**
 * `text` with card numbers, bearer tokens, keys and authorization values masked. Other numbers, times and ids stay as
 * they are.
 */
export function scrubText(text: string): string {
  return text
    .replace(authorizationText, `$1${mask}`)
    .replace(schemeText, `$1$2${mask}`)
    .replace(keyText, `$1${mask}`)
    .replace(digitRun, maskCardNumbers)
}

/**
 * One line of JSON, scrubbed, and still JSON: a card number that stood as a number becomes a string. Values of names
 * that tell of a secret (`password`, `cvv`, `authorization` …) are masked whole, nested ones with all they hold. Never
 * throws.
 */
export function scrubLine(line: string): string {
  if (line.length > lineLengthMax) return `{"level":50,"msg":"log line of ${line.length} characters left out"}\n`
  if (!suspicious.test(line)) return line
  let secretValueAt = -1
  let depth = 0
  let secretDepth = 0
  return line.replace(jsonToken, (token, offset: number) => {
    const end = offset + token.length
    const isSecret = secretDepth > 0 || offset === secretValueAt
    if (token === '{' || token === '[') {
      depth += 1
      if (isSecret && secretDepth === 0) secretDepth = depth
      return token
    }
    if (token === '}' || token === ']') {
      if (depth === secretDepth) secretDepth = 0
      depth -= 1
      return token
    }
    if (line[end] === ':') {
      if (isSecretName(token)) secretValueAt = end + 1
      return scrubToken(token)
    }
    return isSecret ? JSON.stringify(mask) : scrubToken(token)
  })
}

function isSecretName(token: string): boolean {
  return secretNames.has(token.slice(1, -1).replace(/[-_]/g, '').toLowerCase())
}

function scrubToken(token: string): string {
  if (!token.startsWith('"')) {
    // Only the whole part: the digits of a fraction are a measurement.
    const whole = token.split('.', 1)[0] as string
    return isCardNumber(whole) ? JSON.stringify(maskedCardNumber(whole)) : token
  }
  if (!suspicious.test(token)) return token
  const text = parseString(token)
  const scrubbed = scrubText(text)
  return scrubbed === text ? token : JSON.stringify(scrubbed)
}

function parseString(token: string): string {
  try {
    return String(JSON.parse(token))
  } catch {
    // Not JSON after all (a destination that was handed plain text): scrub it as it stands.
    return token.slice(1, -1)
  }
}

/** Masks every card number in a run of digit groups, also one that stands between other numbers. */
function maskCardNumbers(run: string): string {
  if (run.length < panDigitsMin) return run
  const groups = run.split(/[ -]/)
  let scrubbed = ''
  let position = 0
  let index = 0
  while (index < groups.length) {
    const length = groupsOfCardNumber(groups, index)
    const taken = groups.slice(index, index + Math.max(length, 1))
    const width = taken.join(' ').length
    scrubbed += length > 0 ? maskedCardNumber(taken.join('')) : run.slice(position, position + width)
    position += width
    scrubbed += run.slice(position, position + 1)
    position += 1
    index += taken.length
  }
  return scrubbed
}

/** How many groups from `first` on make the longest card number that begins there; 0 if none does. */
function groupsOfCardNumber(groups: readonly string[], first: number): number {
  let digits = groups[first] as string
  let found = isCardNumber(digits) ? 1 : 0
  if (digits.length > panGroupDigitsMax) return found
  for (let next = first + 1; next < groups.length; next++) {
    const group = groups[next] as string
    if (group.length > panGroupDigitsMax || digits.length + group.length > panDigitsMax) break
    digits += group
    if (isCardNumber(digits)) found = next - first + 1
  }
  return found
}

function isCardNumber(digits: string): boolean {
  return digits.length >= panDigitsMin && digits.length <= panDigitsMax && panStart.test(digits) && passesLuhn(digits)
}

function maskedCardNumber(digits: string): string {
  return digits.slice(0, 6) + '*'.repeat(digits.length - 10) + digits.slice(-4)
}
