/**
 * Laws of pmd sharing.
 * @module
 */
import { linux618 } from '@faultline/designs'
import {
  type PmdSharingPolicy,
  VM_MAYSHARE,
  VM_READ,
  VM_SHARED,
  VM_UFFD_MINOR,
  VM_UFFD_MISSING,
  VM_UFFD_WP,
  VM_WRITE,
} from '@faultline/mm-types'
import { type Case, hold } from '../case.ts'
import { holdNothingLeft, holdProgram, interfaceCase } from '../model.ts'

const SHARED = VM_READ | VM_WRITE | VM_SHARED | VM_MAYSHARE
const VMAS = [0, VM_UFFD_WP, VM_UFFD_MINOR, VM_UFFD_MISSING, VM_UFFD_WP | VM_UFFD_MINOR].map((flags) => SHARED | flags)
/** Two processes that map a whole GiB of one file; the other, c, has touched the first page. */
const BOTH = [
  'uffd u features=wp_unpopulated,wp_hugetlbfs_shmem',
  'file F 4 huge=2M',
  'mmap A 512 hugetlb rw file=F noreserve',
  'ftruncate F 4',
  'fork c',
  'c: write A 1',
  'read A => value 1',
]
const WATCHED = [...BOTH, 'register u A 0 512 mode=wp', 'writeprotect u A 0 4 mode=wp']

/** What an answer to the question of pmd sharing must do. */
export function pmdSharingCases(make: () => PmdSharingPolicy): readonly Case[] {
  const design = { ...linux618, name: make().name, pmdSharing: make() }
  return [
    interfaceCase(make, 'pmdSharing'),
    {
      name: 'answers',
      law: 'mayShare and unsharesAtRegister answer true or false, and the same when asked again',
      run() {
        for (const ask of ['mayShare', 'unsharesAtRegister'] as const)
          for (const flags of VMAS) {
            const [first, again] = [make()[ask](flags), make()[ask](flags)]
            hold(typeof first === 'boolean' && first === again, `${ask}(0x${flags.toString(16)}) is ${first}, then ${again}`)
          }
      },
    },
    {
      name: 'contents',
      law: 'processes that map a file see what each of them wrote',
      run: () => holdProgram(design, [...BOTH, 'write A+1 7', 'c: read A+1 => value 7'], 'hugetlb'),
    },
    {
      name: 'protects',
      law: 'a process that protects memory is told of its own writes',
      run: () => holdProgram(design, [...WATCHED, 'write A 2 => blocked'], 'hugetlb'),
    },
    {
      name: 'own-protection',
      law: 'the protection of one process never stops a store of another',
      run: () => holdProgram(design, [...WATCHED, 'c: write A 3 => ok', 'c: write A+1 3 => ok'], 'hugetlb'),
    },
    {
      name: 'both-watch',
      law: 'who disarms its own memory takes nothing from the other',
      run: () =>
        holdProgram(
          design,
          [
            ...BOTH,
            'c: uffd v features=wp_hugetlbfs_shmem',
            'c: register v A 0 512 mode=wp',
            'c: writeprotect v A 0 4 mode=wp',
            'register u A 0 512 mode=wp',
            'writeprotect u A 0 4 mode=wp',
            'c: write A 2 => blocked',
            'c: writeprotect v A 0 1 mode=0',
            'write A 3 => blocked',
          ],
          'hugetlb',
        ),
    },
    {
      name: 'nothing-left',
      law: 'nothing is in use when all processes have ended',
      run: () => holdNothingLeft(design, ['hugetlb', 'hugetlb-private']),
    },
  ]
}
