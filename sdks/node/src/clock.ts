/** What time it is, in epoch milliseconds. Handed in wherever time matters, so that a test can set it. */
export type Now = () => number

/** The time of this machine. */
export const systemNow: Now = () => Date.now()
