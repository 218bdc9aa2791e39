/**
 * What a value must look like, as data: whether something from outside has the shape of an interface.
 * @module
 */

/** What a field must be. */
export type Shape =
  | { readonly is: 'text' | 'boolean' | 'integer' }
  /** `of` is its signature, for people; `takes` the parameters it may declare at most. */
  | { readonly is: 'function'; readonly of: string; readonly takes: number }
  | { readonly is: 'one of'; readonly words: readonly (string | number)[] }
  | { readonly is: 'list'; readonly of: Shape }
  | { readonly is: 'object'; readonly what: string; readonly fields: Fields }
  | { readonly is: 'maybe'; readonly of: Shape }

/** The fields of an object. */
export type Fields = Readonly<Record<string, Shape>>

/** Where a value is not what it should be. */
export interface Mismatch {
  /** Path of the field, such as `arming.file.armNone`; empty for the value itself. */
  readonly seam: string
  /** What would be right. */
  readonly expected: string
  /** What is there. */
  readonly found: string
}

export const text: Shape = { is: 'text' }
export const boolean: Shape = { is: 'boolean' }
export const integer: Shape = { is: 'integer' }
export const fn = (of: string): Shape => ({ is: 'function', of, takes: nrParameters(of) })
export const oneOf = (...words: readonly (string | number)[]): Shape => ({ is: 'one of', words })
export const listOf = (of: Shape): Shape => ({ is: 'list', of })
export const object = (what: string, fields: Fields): Shape => ({ is: 'object', what, fields })
export const maybe = (of: Shape): Shape => ({ is: 'maybe', of })

function nrParameters(signature: string): number {
  const inside = signature.slice(signature.indexOf('(') + 1, signature.indexOf(')')).trim()
  return inside === '' ? 0 : inside.split(',').length
}

/** The first field of a value that is not what it should be; undefined when all are. */
export function mismatch(value: unknown, shape: Shape, seam = ''): Mismatch | undefined {
  switch (shape.is) {
    case 'maybe':
      return value === undefined ? undefined : mismatch(value, shape.of, seam)
    case 'object':
      return typeof value === 'object' && value !== null ? fieldMismatch(value, shape.fields, seam) : wrong(value, shape, seam)
    case 'list':
      if (!Array.isArray(value)) return wrong(value, shape, seam)
      return first(value.map((item, index) => () => mismatch(item, shape.of, `${seam}[${index}]`)))
    default:
      return fits(value, shape) ? undefined : wrong(value, shape, seam)
  }
}

function fieldMismatch(value: object, fields: Fields, seam: string): Mismatch | undefined {
  const given = value as Readonly<Record<string, unknown>>
  return first(
    Object.entries(fields).map(
      ([name, shape]) =>
        () =>
          mismatch(given[name], shape, seam === '' ? name : `${seam}.${name}`),
    ),
  )
}

function first(checks: readonly (() => Mismatch | undefined)[]): Mismatch | undefined {
  for (const check of checks) {
    const found = check()
    if (found !== undefined) return found
  }
  return undefined
}

function fits(value: unknown, shape: Shape): boolean {
  switch (shape.is) {
    case 'text':
      return typeof value === 'string' && value.trim() !== ''
    case 'boolean':
      return typeof value === 'boolean'
    case 'integer':
      return Number.isSafeInteger(value)
    case 'function':
      return typeof value === 'function' && value.length <= shape.takes
    case 'one of':
      return shape.words.includes(value as string)
    default:
      return false
  }
}

function wrong(value: unknown, shape: Shape, seam: string): Mismatch {
  return { seam, expected: describe(shape), found: show(value) }
}

function describe(shape: Shape): string {
  switch (shape.is) {
    case 'text':
      return 'some text'
    case 'boolean':
      return 'true or false'
    case 'integer':
      return 'an integer'
    case 'function':
      return `a function ${shape.of}`
    case 'one of':
      return `one of ${shape.words.map((word) => JSON.stringify(word)).join(', ')}`
    case 'list':
      return `a list, each item ${describe(shape.of)}`
    case 'object':
      return shape.what
    case 'maybe':
      return describe(shape.of)
  }
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'function') return `a function of ${value.length} parameters`
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return String(JSON.stringify(value) ?? value).slice(0, 60)
}
