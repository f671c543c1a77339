/** See node-version.js. */
export function stripsTypes(version: string): boolean
/** See node-version.js. */
export function nodeCandidates(from: string, platform?: string, arch?: string): string[]
/** See node-version.js. */
export function findNode(from: string): string | undefined
