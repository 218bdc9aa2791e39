/**
 * Laws of huge write-protect.
 * @module
 */
import { linux618 } from '@faultline/designs'
import type { HugeWpPolicy } from '@faultline/mm-types'
import type { Case } from '../case.ts'
import { holdNothingLeft, holdProgram, interfaceCase } from '../model.ts'

/** One huge page, populated before it is watched. */
const HUGE = ['mmap A 512 anon rw', 'madvise A 0 512 hugepage', 'write A 1', 'register u A 0 512 mode=wp']
const ARM = 'writeprotect u A 0 512 mode=wp'
const SYNC = ['uffd u features=wp_unpopulated', ...HUGE, ARM]
const ASYNC = ['uffd u features=wp_unpopulated,wp_async', ...HUGE, ARM]

/** What an answer to the question of huge write-protect must do. */
export function hugeWpCases(make: () => HugeWpPolicy): readonly Case[] {
  const design = { ...linux618, name: make().name, hugeWp: make() }
  return [
    interfaceCase(make, 'hugeWp'),
    {
      name: 'first-writes',
      law: 'a write to any page of an armed huge page is reported',
      async run() {
        for (const page of [0, 5, 511]) await holdProgram(design, [...SYNC, `write A+${page} 2 => blocked`])
      },
    },
    {
      name: 'answered',
      law: 'what the monitor disarms may be written, and the rest stays armed',
      run: () => holdProgram(design, [...SYNC, 'writeprotect u A 5 1 mode=0', 'write A+5 2 => ok', 'write A+6 2 => blocked']),
    },
    {
      name: 'contents',
      law: 'armed memory reads as it did before',
      run: () => holdProgram(design, [...SYNC, 'read A => value 1', 'read A+511 => value 0']),
    },
    {
      name: 'async-reported',
      law: 'without messages, the page that was written is no longer armed',
      run: () => holdProgram(design, [...ASYNC, 'write A+5 2 => ok', 'expect A 5 1 has !+WP']),
    },
    {
      name: 'one-page',
      law: 'without messages, one write reports one page',
      run: () => holdProgram(design, [...ASYNC, 'write A+5 2 => ok', 'expect A 4 3 has +WP | has !+WP | has +WP']),
    },
    { name: 'nothing-left', law: 'nothing is in use when all processes have ended', run: () => holdNothingLeft(design, ['anon', 'shmem']) },
  ]
}
