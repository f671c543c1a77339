import type { IncomingMessage } from 'node:http'

/** The part of a surface that decides which requests reach it. */
export interface MountedSurface {
  readonly name: string
  readonly mount: string
  readonly hosts: readonly string[]
}

/** Where a request goes: the path that the router sees, and the path as the caller wrote it. */
export interface RoutingTable {
  /** The URL for the router: prefixed with a surface's mount when the host, or the root surface, says so. */
  rewrite(request: Pick<IncomingMessage, 'url' | 'headers'>): string
  /** The surface whose mount a rewritten URL lies under. */
  surfaceOf<Surface extends MountedSurface>(surfaces: readonly Surface[], url: string): Surface | undefined
}

/**
 * Builds the routing of one server. A reserved path (`/healthz` and other paths of the server itself) wins, then a
 * documented host name, then a mount prefix, then the root surface. Throws for two surfaces on one mount or host and for an unknown root surface.
 * Only the Host header is looked at, never X-Forwarded-Host: whoever stands in front must pass Host on.
 */
export function createRoutingTable(
  surfaces: readonly MountedSurface[],
  options: { readonly rootSurface?: string | undefined; readonly reservedPaths: readonly string[] },
): RoutingTable {
  const mountByHost = new Map<string, string>()
  const mounts = new Set<string>()
  for (const surface of surfaces) {
    if (!/^(\/[a-z0-9-]+)+$/.test(surface.mount))
      throw new Error(`${surface.name} has no usable mount: ${surface.mount}`)
    if (mounts.has(surface.mount)) throw new Error(`Two surfaces are mounted at ${surface.mount}`)
    mounts.add(surface.mount)
    for (const host of surface.hosts) {
      if (mountByHost.has(host)) throw new Error(`Two surfaces claim the host ${host}`)
      mountByHost.set(host, surface.mount)
    }
  }
  const rootMount = surfaces.find((surface) => surface.name === options.rootSurface)?.mount
  if (options.rootSurface !== undefined && rootMount === undefined) {
    throw new Error(`There is no surface named ${options.rootSurface} to serve at the root`)
  }

  return {
    rewrite(request) {
      const url = originForm(request.url ?? '/')
      // The server's own pages are reached under every host name: links to them are built from whichever the caller used.
      const isReserved = options.reservedPaths.some((path) => isUnder(url, path))
      if (isReserved) return url
      const hostMount = mountByHost.get(hostName(request.headers.host))
      if (hostMount !== undefined) return isUnder(url, hostMount) ? url : hostMount + url
      for (const mount of mounts) if (isUnder(url, mount)) return url
      return rootMount === undefined ? url : rootMount + url
    },
    surfaceOf: (candidates, url) => candidates.find((surface) => isUnder(url, surface.mount)),
  }
}

/** The host of a Host header in lower case, without port and final dot. */
export function hostName(header: string | undefined): string {
  return (header ?? '').toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '')
}

/** The path of a URL, without the query. */
export function pathOf(url: string): string {
  const end = url.search(/[?#]/)
  return end === -1 ? url : url.slice(0, end)
}

/** RFC 9112 section 3.2: a server accepts the absolute form too; the router wants the path. */
function originForm(url: string): string {
  if (url.startsWith('/')) return url
  const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
  return path.startsWith('/') ? path : `/${path}`
}

function isUnder(url: string, prefix: string): boolean {
  if (!url.startsWith(prefix)) return false
  const next = url[prefix.length]
  return next === undefined || next === '/' || next === '?' || next === '#'
}
