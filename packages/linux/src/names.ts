/**
 * The numbers that stand for a program's names on the way to the helper.
 * @module
 */

/** Names of one kind, numbered as they appear. */
class NameTable {
  readonly #ids = new Map<string, number>()
  readonly #names: string[] = []

  constructor(...first: string[]) {
    for (const name of first) this.id(name)
  }

  id(name: string): number {
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    const id = this.#names.length
    this.#ids.set(name, id)
    this.#names.push(name)
    return id
  }

  name(id: number): string {
    return this.#names[id] ?? `${id}`
  }
}

/** All names of one program. The first of each kind, where there is one, is known to the helper as number 0. */
export class Names {
  readonly regions = new NameTable('@')
  readonly files = new NameTable()
  readonly uffds = new NameTable()
  readonly processes = new NameTable('main')
  readonly threads = new NameTable('main')
}
