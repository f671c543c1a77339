import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** One parsed code file. `nodes` is its whole syntax tree in source order, walked once and shared by every rule. */
export type Source = {
  readonly path: string
  readonly text: string
  readonly ast: ts.SourceFile
  readonly nodes: readonly ts.Node[]
}

/** What the rules look at: the text of every file that belongs to the project, and the parsed code among them. */
export type Project = {
  readonly texts: ReadonlyMap<string, string>
  readonly sources: readonly Source[]
}

const CODE_PATH = /^packages\/[^/]+\/(?:src|bench|test|bin)\/.*\.(?:ts|tsx|js|jsx)$/
const NEVER_OURS = new Set(['.git', 'node_modules', 'coverage', '.paylect'])
const FILE_BYTES_MAX = 4_000_000

function parse(path: string, text: string): Source {
  const ast = ts.createSourceFile(path, text, ts.ScriptTarget.ES2024, true)
  const nodes: ts.Node[] = []
  const visit = (node: ts.Node): void => {
    nodes.push(node)
    ts.forEachChild(node, visit)
  }
  visit(ast)
  return { path, text, ast, nodes }
}

/** A project held in memory: paths from the repository's root, with their text. Rules are tried on such projects. */
export function projectOf(files: Readonly<Record<string, string>>): Project {
  const texts = new Map(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)))
  const sources = [...texts].filter(([path]) => CODE_PATH.test(path)).map(([path, text]) => parse(path, text))
  return { texts, sources }
}

/** Tracked files and new ones that are not ignored. Empty when the folder is no checkout of its own. */
function pathsByGit(root: string): string[] {
  const command = [
    '-c',
    `safe.directory=${root.replace(/\/$/, '')}`,
    'ls-files',
    '-z',
    '--cached',
    '--others',
    '--exclude-standard',
  ]
  try {
    const listed = execFileSync('git', command, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const paths = [...new Set(listed.split('\0').filter((path) => path !== ''))]
    return paths.includes('package.json') ? paths : []
  } catch {
    return []
  }
}

/** The same for an unpacked archive, where git knows nothing. */
function pathsByWalking(root: string, folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (NEVER_OURS.has(entry.name)) return []
    return entry.isDirectory() ? pathsByWalking(root, path) : [path]
  })
}

function readText(file: string): string | undefined {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (!stats?.isFile() || stats.size > FILE_BYTES_MAX) return undefined
  const bytes = readFileSync(file)
  return bytes.includes(0) ? '' : bytes.toString('utf8')
}

/** Reads every file of the repository at `root`; a binary file is listed with empty text, so that links to it resolve. */
export function readProject(root: string): Project {
  const listed = pathsByGit(root)
  const paths = listed.length > 0 ? listed : pathsByWalking(root)
  const files: Record<string, string> = {}
  for (const path of paths) {
    const text = readText(join(root, path))
    if (text !== undefined) files[path] = text
  }
  return projectOf(files)
}
