import { posix } from 'node:path'
import type { Project } from './project.ts'
import { type Breach, lineOfOffset, type Rule } from './rule.ts'

const INLINE = /!?\[(?:[^\]\\]|\\.)*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g
const REFERENCE = /^ {0,3}\[[^\]]+\]:\s+<?([^\s>]+)>?/gm
const EMBEDDED = /<(?:img|a)\s[^>]*(?:src|href)="([^"]+)"/g
const ELSEWHERE = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i

/** Code is no prose: blanked out, letter by letter, so that lines keep their numbers. */
function withoutCode(text: string): string {
  const blank = (code: string): string => code.replace(/[^\n]/g, ' ')
  return text.replace(/^ {0,3}(`{3,}|~{3,})[\s\S]*?^ {0,3}\1/gm, blank).replace(/`[^`\n]*`/g, blank)
}

/** The anchors that a page offers, formed from its headings as code hosts do. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  const prose = text.replace(/^ {0,3}(`{3,}|~{3,})[\s\S]*?^ {0,3}\1/gm, '')
  for (const match of prose.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const title = (match[1] ?? '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    const slug = title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
    const repeats = [...anchors].filter((anchor) => anchor === slug || new RegExp(`^${slug}-\\d+$`).test(anchor)).length
    anchors.add(repeats === 0 ? slug : `${slug}-${repeats}`)
  }
  for (const match of prose.matchAll(/<a\s[^>]*(?:id|name)="([^"]+)"/g)) anchors.add(match[1] ?? '')
  return anchors
}

function exists(project: Project, path: string): boolean {
  if (path === '.' || project.texts.has(path)) return true
  const folder = `${path.replace(/\/$/, '')}/`
  return [...project.texts.keys()].some((known) => known.startsWith(folder))
}

function complaint(project: Project, page: string, link: string): string | undefined {
  const [file = '', anchor] = decodeURI(link).split('#')
  const from = file.startsWith('/') ? '.' : posix.dirname(page)
  const target = file === '' ? page : posix.join(from, file.replace(/^\//, '').replace(/\?.*$/, ''))
  if (!exists(project, target)) return `links to ${link}, which is not there: mend or remove the link`
  const text = target.endsWith('.md') ? project.texts.get(target) : undefined
  if (anchor === undefined || text === undefined || anchorsOf(text).has(anchor)) return undefined
  return `links to the heading #${anchor}, which ${target} does not have`
}

function brokenLinks(project: Project, page: string, text: string): Breach[] {
  const prose = withoutCode(text)
  return [INLINE, REFERENCE, EMBEDDED]
    .flatMap((form) => [...prose.matchAll(form)])
    .flatMap((match) => {
      const link = match[1] ?? ''
      const message = ELSEWHERE.test(link) ? undefined : complaint(project, page, link)
      return message === undefined ? [] : [{ path: page, line: lineOfOffset(text, match.index), message }]
    })
}

/** A reader who follows a link arrives. */
export const linksRule: Rule = {
  title: 'every relative link in the documents resolves',
  check: (project) =>
    [...project.texts]
      .filter(([path]) => path.endsWith('.md'))
      .flatMap(([path, text]) => brokenLinks(project, path, text)),
  refuses: [
    {
      because: 'a missing file, heading, picture and reference',
      files: {
        'docs/a.md': [
          '# Title',
          '[gone](gone.md)',
          '[heading](b.md#nowhere)',
          '![picture](../picture.png)',
          '[own](#elsewhere)',
          '[ref]: ./lost.md',
        ].join('\n'),
        'docs/b.md': '# Somewhere',
      },
      at: ['docs/a.md:2', 'docs/a.md:3', 'docs/a.md:4', 'docs/a.md:5', 'docs/a.md:6'],
    },
  ],
  accepts: [
    {
      because: 'files, folders, headings, other sites and code',
      files: {
        'docs/a.md':
          '# What `it` is: a *test*\n[b](b.md) [root](../README.md "title") [folder](../docs/) [own](#what-it-is-a-test)\n[web](https://example.org/x.md) `[code](gone.md)`\n```\n[code](gone.md)\n```',
        'docs/b.md': '',
        'README.md': '[docs](docs) [a](/docs/a.md)',
      },
    },
  ],
}
