/**
 * The setting of this machine that decides who may watch the kernel's accesses.
 * @module
 */
import { readFileSync } from 'node:fs'

/** Its path. */
export const SYSCTL = '/proc/sys/vm/unprivileged_userfaultfd'

/** `vm.unprivileged_userfaultfd` by its path, as recordings keep it; empty where there is none. */
export function existingSysctl(): Record<string, string> {
  try {
    return { [SYSCTL]: readFileSync(SYSCTL, 'latin1').trim() }
  } catch {
    return {}
  }
}
