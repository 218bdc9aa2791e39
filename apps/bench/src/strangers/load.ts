/**
 * Designs of a third party: read from a file or package, held against the interface, and refused with the reason.
 * @module
 */
import { pathToFileURL } from 'node:url'
import { allDesigns, checkDesign, interfaceMismatch } from '@faultline/designs'
import type { Design } from '@faultline/mm-types'
import { ExpressionError } from '@faultline/program'
import { UsageError } from '../errors.ts'
import { quote } from '../names.ts'
import { entryFile } from './entry.ts'

/** A design, and what it was called on the command line. */
export interface Stranger {
  readonly design: Design
  readonly from: string
}

/** A value that stands where a design should, and what its module calls it. */
interface Candidate {
  readonly called: string
  readonly value: unknown
}

/** An object with so many of these fields was meant as a design, whatever else is wrong with it. */
const MARKS = ['reference', 'status', 'encoding', 'arming', 'zap', 'collapse', 'tracker', 'uffd', 'calls'] as const
const ENOUGH_MARKS = 3

/** The designs of every file and package named, in that order. @throws UsageError in one line for the first that cannot be taken */
export async function loadStrangers(named: readonly string[]): Promise<readonly Stranger[]> {
  const strangers: Stranger[] = []
  for (const from of named) {
    const file = entryFile(from)
    for (const candidate of candidates(await load(file, from), from)) {
      strangers.push({ design: accept(candidate, from, strangers), from })
    }
  }
  return strangers
}

async function load(file: string, from: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Readonly<Record<string, unknown>>
  } catch (error) {
    throw new UsageError(`--with ${quote(from)}: ${file} cannot be imported: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** What `designs` lists, or every export that was meant as a design. */
function candidates(module: Readonly<Record<string, unknown>>, from: string): readonly Candidate[] {
  const { designs } = module
  if (designs !== undefined) {
    if (!Array.isArray(designs)) throw new UsageError(`--with ${quote(from)}: its export designs must be a list of designs`)
    if (designs.length === 0) throw new UsageError(`--with ${quote(from)}: its list of designs is empty`)
    return designs.map((value: unknown, index) => ({ called: `designs[${index}]`, value }))
  }
  const meant = Object.entries(module).filter(([, value]) => isMeantAsDesign(value))
  if (meant.length > 0) return meant.map(([called, value]) => ({ called, value }))
  const exported = Object.keys(module).join(', ') || 'nothing'
  throw new UsageError(`--with ${quote(from)}: no design among its exports (${exported}); export a Design, or a list of them as designs`)
}

function isMeantAsDesign(value: unknown): boolean {
  return typeof value === 'object' && value !== null && MARKS.filter((mark) => mark in value).length >= ENOUGH_MARKS
}

function accept({ called, value }: Candidate, from: string, before: readonly Stranger[]): Design {
  const found = interfaceMismatch(value, 'design')
  const named = nameOf(value)
  const which = `--with ${quote(from)}: design ${named === undefined ? called : `${called} (${quote(named)})`}`
  if (found !== undefined) {
    const seam = found.seam === '' ? '' : `${found.seam}: `
    throw new UsageError(`${which}: ${seam}expected ${found.expected}; found ${found.found}`)
  }
  const design = value as Design
  const taken = allDesigns.some(({ name }) => name === design.name)
    ? 'Faultline'
    : before.find((one) => one.design.name === design.name)?.from
  if (taken !== undefined) throw new UsageError(`${which}: name: ${taken} has a design of this name; choose another`)
  // What a comma-separated list of names on the command line can hold.
  if (/[,\s]/.test(design.name)) throw new UsageError(`${which}: name: expected one word without commas; found ${quote(design.name)}`)
  try {
    checkDesign(design)
  } catch (error) {
    if (error instanceof ExpressionError) throw new UsageError(`${which}: ${error.message}`)
    throw error
  }
  return design
}

function nameOf(value: unknown): string | undefined {
  const name = typeof value === 'object' && value !== null && 'name' in value ? value.name : undefined
  return typeof name === 'string' ? name : undefined
}
