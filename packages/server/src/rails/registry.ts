import type { Rail, RailRegistry } from './rail.ts'

/** Builds the registry; rails that come first are preferred. Throws for two rails of one name. */
export function createRailRegistry(rails: readonly Rail[]): RailRegistry {
  const byName = new Map(rails.map((rail) => [rail.name, rail]))
  if (byName.size !== rails.length) throw new TypeError('two rails have the same name')
  return {
    find: (name) => byName.get(name),
    route: (mode, operation, method) =>
      rails.find((rail) => rail.modes.includes(mode) && rail.carries[operation].includes(method) && rail[operation]),
  }
}
