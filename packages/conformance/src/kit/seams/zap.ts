/**
 * Laws of zap persistence.
 * @module
 */
import { linux519 } from '@faultline/designs'
import { VM_READ, VM_SHARED, VM_UFFD_WP, VM_WRITE, ZAP_DROP_MARKER, ZAP_UNMAP, type ZapPersistence } from '@faultline/mm-types'
import { type Case, hold } from '../case.ts'
import { holdNothingLeft, holdProgram, interfaceCase } from '../model.ts'

const VMAS = [VM_READ | VM_WRITE, VM_READ | VM_WRITE | VM_SHARED].flatMap((flags) => [flags, flags | VM_UFFD_WP])
const FLAGS = [0, ZAP_DROP_MARKER, ZAP_UNMAP, ZAP_DROP_MARKER | ZAP_UNMAP]
const ARMED = [
  'uffd u features=wp_hugetlbfs_shmem',
  'file F 4 huge=memory',
  'mmap A 4 memory rw file=F',
  'register u A 0 4 mode=wp',
  'write A 1',
  'writeprotect u A 0 4 mode=wp',
]
const FILES = ['shmem', 'hugetlb'] as const

/** What an answer to the question of zap persistence must do. */
export function zapCases(make: () => ZapPersistence): readonly Case[] {
  const design = { ...linux519, name: make().name, zap: make() }
  return [
    interfaceCase(make, 'zap'),
    {
      name: 'answers',
      law: 'keepsUffdWp answers true or false, and the same when asked again',
      run() {
        for (const vmFlags of VMAS)
          for (const flags of FLAGS) {
            const [first, again] = [make().keepsUffdWp(vmFlags, flags), make().keepsUffdWp(vmFlags, flags)]
            hold(typeof first === 'boolean' && first === again, `keepsUffdWp(${vmFlags}, ${flags}) is ${first}, then ${again}`)
          }
      },
    },
    {
      name: 'end-of-mapping',
      law: 'nothing is kept where the mapping itself goes away',
      run() {
        for (const vmFlags of VMAS)
          hold(!make().keepsUffdWp(vmFlags, ZAP_DROP_MARKER | ZAP_UNMAP), `keepsUffdWp(${vmFlags}, ZAP_DROP_MARKER | ZAP_UNMAP) is true`)
      },
    },
    {
      name: 'erased-entries',
      law: 'a protection of a file page outlives the erasure of its entry',
      async run() {
        for (const memory of FILES) await holdProgram(design, [...ARMED, 'fallocate F 0 1 punch', 'write A 2 => blocked'], memory)
        await holdProgram(design, [...ARMED, 'madvise A 0 4 dontneed', 'read A => value 1', 'write A 2 => blocked'], 'shmem')
      },
    },
    {
      name: 'mapped-anew',
      law: 'what is mapped in the place of a mapping that is gone is not protected',
      run: () => holdProgram(design, [...ARMED, 'munmap A 0 4', 'mmap B 4 shmem rw file=F', 'write B 2 => ok'], 'shmem'),
    },
    { name: 'nothing-left', law: 'nothing is in use when all processes have ended', run: () => holdNothingLeft(design) },
  ]
}
