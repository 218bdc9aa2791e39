/**
 * Things of one kind by the names that a program gives them.
 * @module
 */

/** A map that remembers what was asked last: an operation names the same region twice, and so does the one after it. */
export class Names<T> {
  private readonly what: string
  private readonly maker: string
  private readonly all = new Map<string, T>()
  private lastName = ''
  private last: T | undefined

  /**
   * @param what the kind, as messages call it
   * @param maker the operation that makes one
   */
  constructor(what: string, maker: string) {
    this.what = what
    this.maker = maker
  }

  /** Gives a name, to something else from now on if it was given before. */
  set(name: string, value: T): void {
    this.all.set(name, value)
    this.lastName = name
    this.last = value
  }

  /** Takes a name away. */
  delete(name: string): void {
    this.all.delete(name)
    this.last = undefined
  }

  /** @throws ReferenceError when nothing has the name */
  get(name: string): T {
    return name === this.lastName && this.last !== undefined ? this.last : this.find(name)
  }

  private find(name: string): T {
    const found = this.all.get(name)
    if (found === undefined) {
      throw new ReferenceError(`no ${this.what} is called '${name}' here; an operation '${this.maker}' must make it first`)
    }
    this.lastName = name
    this.last = found
    return found
  }

  keys(): IterableIterator<string> {
    return this.all.keys()
  }

  values(): IterableIterator<T> {
    return this.all.values()
  }

  [Symbol.iterator](): IterableIterator<[string, T]> {
    return this.all[Symbol.iterator]()
  }
}
