// Reads the annotations of docstrings: `@source v6.18 file func(), func(); file func()` and
// `@fidelity modelled|simplified|absent [func(), func()]: how`.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Fidelity = 'modelled' | 'simplified' | 'absent'

/** One kernel function (or a header whose layouts and constants are taken over), and where it is here. */
export interface Annotation {
  readonly file: string
  /** Empty for a header named without a function. */
  readonly name: string
  readonly status: Fidelity
  /** How it is simplified, or why it is absent. */
  readonly how: string
  /** Path of our file from the root of the repository. */
  readonly path: string
}

interface Status {
  readonly status: Fidelity
  readonly names: readonly string[]
  readonly how: string
}

/** Every TypeScript source of the packages, tests left out, in order of path. */
export function sourceFiles(root: string): string[] {
  const found: string[] = []
  for (const name of readdirSync(join(root, 'packages')).sort()) {
    const below = join('packages', name, 'src')
    for (const file of readdirSync(join(root, below), { recursive: true, encoding: 'utf8' }).sort()) {
      if (file.endsWith('.ts') && !file.endsWith('.test.ts')) found.push(join(below, file))
    }
  }
  return found
}

/** The annotations of all sources. @throws Error naming the file and the text that is no annotation */
export function collectAnnotations(root: string): Annotation[] {
  return sourceFiles(root).flatMap((path) =>
    commentsOf(readFileSync(join(root, path), 'utf8')).flatMap((comment) => annotationsOf(path, comment)),
  )
}

/** Comments as plain text: a block each, a run of line comments each. */
export function commentsOf(text: string): string[] {
  const blocks = [...text.matchAll(/\/\*\*?([\s\S]*?)\*\//g)].map(([, body]) => body!.replace(/^\s*\* ?/gm, ''))
  const lines = [...text.matchAll(/(?:^[ \t]*\/\/.*\n)+/gm)].map(([run]) => run.replace(/^[ \t]*\/\/ ?/gm, ''))
  return [...blocks, ...lines]
}

/** What follows each tag of a name, up to the next tag, an empty line or the end of its paragraph. */
function tags(comment: string, tag: string): string[] {
  return [...comment.matchAll(new RegExp(`(?:^|\\s)@${tag}\\s+([\\s\\S]*?)(?=\\s@[a-z]+\\b|\\n\\s*\\n|$)`, 'g'))].map(([, body]) =>
    body!.replace(/\s+/g, ' ').trim(),
  )
}

export function annotationsOf(path: string, comment: string): Annotation[] {
  const statuses = tags(comment, 'fidelity').map((text) => parseStatus(path, text))
  const found: Annotation[] = []
  for (const source of tags(comment, 'source')) {
    for (const { file, name } of parseSource(source)) {
      const own = statuses.filter(({ names }) => names.includes(name))
      const status = own.length > 0 ? own : statuses.filter(({ names }) => names.length === 0)
      found.push({ file, name, path, status: status[0]?.status ?? 'modelled', how: status.map(({ how }) => how).join('; ') })
    }
  }
  for (const { names } of statuses) {
    const stray = names.find((name) => !found.some((each) => each.name === name))
    if (stray !== undefined) throw new Error(`${path}: @fidelity names ${stray}(), which no @source of the same comment names`)
  }
  if (statuses.length > 0 && found.length === 0) throw new Error(`${path}: @fidelity without a @source that names a kernel file`)
  return found
}

function parseStatus(path: string, text: string): Status {
  const match = /^(modelled|simplified|absent)((?:,? \w+\(\))*)(?::\s*(.+))?$/.exec(text)
  if (match === null)
    throw new Error(`${path}: "@fidelity ${text}" should be "modelled", "simplified [func(), …]: how" or "absent [func(), …]: why"`)
  const status = match[1] as Fidelity
  const how = match[3] ?? ''
  if (status !== 'modelled' && how === '')
    throw new Error(`${path}: "@fidelity ${text}" does not say ${status === 'absent' ? 'why' : 'how'}`)
  return { status, names: functionsIn(match[2]!), how }
}

function functionsIn(text: string): string[] {
  return [...text.matchAll(/(\w+)\(\)/g)].map(([, name]) => name!)
}

/** `mm/memory.c f(), g(); mm/rmap.c h()`; what names no file of the kernel is no annotation. */
function parseSource(source: string): { file: string; name: string }[] {
  const found: { file: string; name: string }[] = []
  for (const part of source.replace(/^v6\.18\s+/, '').split(';')) {
    const match = /^\s*((?:mm|fs|arch|include|kernel)\/[\w./-]+\.[ch])\b(.*)$/.exec(part)
    if (match === null) continue
    const names = functionsIn(match[2]!)
    if (names.length === 0) found.push({ file: match[1]!, name: '' })
    else for (const name of names) found.push({ file: match[1]!, name })
  }
  return found
}
