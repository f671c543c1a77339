import { metadataGiven, textGiven } from './wire.ts'

/** The longest mail address that can be delivered to (RFC 5321). */
const emailCharactersMax = 254

/** A mail address, as far as it can be told from its form. */
export const emailGiven = textGiven(emailCharactersMax).regex(/^[^\s@]+@[^\s@]+$/, 'must be a mail address')

/** What a merchant may say about a customer; null clears a field. */
export const customerFields = {
  reference: textGiven().nullish(),
  name: textGiven().nullish(),
  email: emailGiven.nullish(),
  phone: textGiven().nullish(),
  metadata: metadataGiven.optional(),
}
