import { importsOf } from './imports.ts'
import type { Project } from './project.ts'
import { type Breach, type Rule, SRC } from './rule.ts'

type Edge = { readonly to: string; readonly path: string; readonly line: number }
type Graph = ReadonlyMap<string, readonly Edge[]>

/** Which file imports which; tests are left out, since nothing imports them. */
function graphOfFiles(project: Project): Graph {
  const files = project.sources.filter(({ path }) => path.startsWith(`${SRC}/`) && !path.endsWith('.test.ts'))
  return new Map(
    files.map((source) => {
      const edges = importsOf(source).flatMap(({ target, line }) =>
        target === undefined ? [] : [{ to: target, path: source.path, line }],
      )
      return [source.path, edges]
    }),
  )
}

function folderOf(path: string): string {
  return path
    .slice(SRC.length + 1)
    .split('/')
    .slice(0, 1)
    .join('')
}

function graphOfFolders(files: Graph): Graph {
  const folders = new Map<string, Edge[]>()
  for (const [path, edges] of files) {
    const from = folderOf(path)
    const known = folders.get(from) ?? []
    for (const edge of edges) {
      const to = folderOf(edge.to)
      if (files.has(edge.to) && to !== from && !known.some((other) => other.to === to)) known.push({ ...edge, to })
    }
    folders.set(from, known)
  }
  return folders
}

/**
 * Depth-first search: an edge back to a node on the current path closes a cycle. Each node is entered once, so the
 * search ends, and every cycle shows at least one such edge.
 */
function cyclesIn(graph: Graph, advice: string): Breach[] {
  const breaches: Breach[] = []
  const done = new Set<string>()
  const trail: string[] = []
  const enter = (node: string): void => {
    trail.push(node)
    for (const { to, path, line } of graph.get(node) ?? []) {
      const start = trail.indexOf(to)
      if (start >= 0) {
        breaches.push({ path, line, message: `closes the cycle ${[...trail.slice(start), to].join(' → ')}: ${advice}` })
      } else if (!done.has(to)) enter(to)
    }
    trail.pop()
    done.add(node)
  }
  for (const node of graph.keys()) if (!done.has(node)) enter(node)
  return breaches
}

/** No file reaches itself by its imports; type imports count, because a type that goes round in a circle does too. */
export const fileCyclesRule: Rule = {
  title: 'no file imports itself by a detour',
  check: (project) => cyclesIn(graphOfFiles(project), 'move what both need into a third file'),
  refuses: [
    {
      because: 'two files that import each other',
      files: {
        [`${SRC}/kernel/a.ts`]: `import { b } from './b.ts'\nexport const a = b`,
        [`${SRC}/kernel/b.ts`]: `\n\nimport type { a } from './a.ts'\nexport const b = 1`,
      },
      at: [`${SRC}/kernel/b.ts:3`],
    },
    {
      because: 'a circle of three',
      files: {
        [`${SRC}/kernel/a.ts`]: `import './b.ts'`,
        [`${SRC}/kernel/b.ts`]: `import './c.ts'`,
        [`${SRC}/kernel/c.ts`]: `import './a.ts'`,
      },
      at: [`${SRC}/kernel/c.ts:1`],
    },
  ],
  accepts: [
    {
      because: 'two ways to one file',
      files: {
        [`${SRC}/kernel/a.ts`]: `import './b.ts'\nimport './c.ts'`,
        [`${SRC}/kernel/b.ts`]: `import './c.ts'`,
        [`${SRC}/kernel/c.ts`]: 'export const c = 1',
      },
    },
  ],
}

/** The folders of `src` form no circle either, whatever the layer table says. */
export const folderCyclesRule: Rule = {
  title: 'no folder imports itself by a detour',
  check: (project) => cyclesIn(graphOfFolders(graphOfFiles(project)), 'let the lower folder take it as an argument'),
  refuses: [
    {
      because: 'two folders that import each other through different files',
      files: {
        [`${SRC}/http/a.ts`]: `import '../platform/a.ts'`,
        [`${SRC}/platform/a.ts`]: 'export const a = 1',
        [`${SRC}/platform/b.ts`]: `import '../http/b.ts'`,
        [`${SRC}/http/b.ts`]: 'export const b = 1',
      },
      at: [`${SRC}/platform/b.ts:1`],
    },
  ],
  accepts: [
    {
      because: 'a folder above two others',
      files: {
        [`${SRC}/http/a.ts`]: `import '../platform/a.ts'\nimport '../kernel/a.ts'`,
        [`${SRC}/platform/a.ts`]: `import '../kernel/a.ts'`,
        [`${SRC}/kernel/a.ts`]: 'export const a = 1',
      },
    },
  ],
}
