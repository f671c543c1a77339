/** The part of qs 6.17 that we call; the package carries no types of its own. */
declare module 'qs' {
  export function parse(
    text: string,
    options: {
      depth: number
      strictDepth: boolean
      parameterLimit: number
      arrayLimit: number
      throwOnLimitExceeded: boolean
      plainObjects: boolean
    },
  ): Record<string, unknown>
}
