/**
 * The locks of the modelled steps: mmap_lock, shared or not, and the one lock of the page's table. Faults and calls take both; a CPU that
 * stores through its TLB takes none.
 * @module
 */

/** Who holds what. A step that needs a lock is not taken while that is not to be had. */
export class Locks {
  private readers = 0
  private isWriting = false
  private isTableLocked = false

  mayRead = (): boolean => !this.isWriting
  mayWrite = (): boolean => !this.isWriting && this.readers === 0
  mayLockTable = (): boolean => !this.isTableLocked
  mayReadAndLockTable = (): boolean => !this.isWriting && !this.isTableLocked

  read(): void {
    this.readers++
  }

  unread(): void {
    this.readers--
  }

  /** Takes mmap_lock as a call wants it. */
  take(mode: 'read' | 'write'): void {
    if (mode === 'read') this.readers++
    else this.isWriting = true
  }

  drop(mode: 'read' | 'write'): void {
    if (mode === 'read') this.readers--
    else this.isWriting = false
  }

  lockTable(): void {
    this.isTableLocked = true
  }

  unlockTable(): void {
    this.isTableLocked = false
  }

  /** All of it, as text. */
  key(): string {
    return `${this.readers}${this.isWriting}${this.isTableLocked}`
  }
}
