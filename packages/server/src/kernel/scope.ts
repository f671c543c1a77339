/** Whether data and money are real. Live and sandbox data never meet: the mode is part of every key. */
export type Mode = 'live' | 'sandbox'

/** Both modes, for loops and schemas. */
export const modes = ['live', 'sandbox'] as const satisfies readonly Mode[]

/** The tenant that a command, a fact or a query belongs to. No command and no merchant-facing query spans two scopes. */
export interface Scope {
  readonly merchantId: string
  readonly mode: Mode
}
