/**
 * Laws of backends.
 * @module
 */
import { linux618 } from '@faultline/designs'
import { type AnonBackend, type Design, type FileBackend, FRAME_DIRTY, FRAME_REF, type Inode, type Machine } from '@faultline/mm-types'
import { createMachine, type MachineLimits } from '@faultline/pagetable-core'
import type { Memory } from '@faultline/program'
import { holdAllocatesNothing, unobservable } from '../allocation.ts'
import { type Case, hold } from '../case.ts'
import { FORK_PROGRAM, holdNothingLeft, holdProgram, holdSame, holdSameCounts, interfaceCase } from '../model.ts'

/** What a backend must do: the one of anonymous memory, or one whose pages live in a file's cache. */
export function backendCases(make: () => AnonBackend | FileBackend): readonly Case[] {
  return make().name === 'anon' ? anonCases(make as () => AnonBackend) : fileCases(make as () => FileBackend)
}

function anonCases(make: () => AnonBackend): readonly Case[] {
  const design = { ...linux618, name: 'with-backend', backends: { anon: make() } }
  return [
    interfaceCase(make, 'anonBackend'),
    ...faultCases(design, 'anon'),
    {
      name: 'copy-on-write',
      law: 'neither parent nor child sees what the other writes after a fork',
      run: () => holdProgram(design, FORK_PROGRAM),
    },
    {
      name: 'nothing-left',
      law: 'nothing is in use when all processes have ended',
      run: () => holdNothingLeft(design, ['anon', 'shmem-private']),
    },
    {
      name: 'shortcut',
      law: 'what the shortcut does is what the calls do that it stands for, and it counts the same',
      run: () => sameByCalls(make, design),
    },
  ]
}

async function sameByCalls(make: () => AnonBackend, design: Design): Promise<void> {
  const { shortcut: _, ...calls } = make()
  const byCalls = { ...design, backends: { anon: calls } }
  const memories = ['anon', 'shmem-private'] as const
  holdSameCounts(design, byCalls, memories)
  await holdSame(design, byCalls, { features: design.uffd.features, memories })
}

function fileCases(make: () => FileBackend): readonly Case[] {
  const { name } = make()
  // The model composes its own hugetlb backend, around a pool: that one is tried without it.
  const design = name === 'shmem' ? { ...linux618, name: 'with-backend', backends: { shmem: make() } } : undefined
  const cache = cacheCases(make)
  const first = interfaceCase(make, name === 'shmem' ? 'shmemBackend' : 'hugetlbBackend')
  if (design === undefined) return [first, ...cache]
  return [
    first,
    ...cache,
    ...faultCases(design, 'shmem'),
    {
      name: 'shared',
      law: 'processes that map a file see what each of them wrote',
      run: () =>
        holdProgram(
          design,
          ['file F 4', 'mmap A 4 shmem rw file=F', 'fork c', 'c: write A 2', 'read A => value 2', 'write A 3', 'c: read A => value 3'],
          'shmem',
        ),
    },
    {
      name: 'nothing-left',
      law: 'nothing is in use when all processes have ended',
      run: () => holdNothingLeft(design, ['shmem', 'shmem-private']),
    },
  ]
}

/** What holds for whoever serves faults. */
function faultCases(design: Design, memory: Memory): readonly Case[] {
  const area = (mode: string, ...lines: readonly string[]) =>
    holdProgram(
      design,
      [
        'uffd u features=wp_unpopulated,wp_hugetlbfs_shmem,missing_shmem',
        'file F 8',
        'mmap A 8 memory rw file=F',
        `register u A 0 8 mode=${mode}`,
        ...lines,
      ],
      memory,
    )
  return [
    {
      name: 'contents',
      law: 'a page is read as it was written, and as zeroes before',
      run: () => area('wp', 'read A+1 => value 0', 'write A 1', 'write A+1 2', 'read A => value 1', 'read A+1 => value 2'),
    },
    {
      name: 'swap',
      law: 'a page that was reclaimed comes back with its contents',
      run: () => area('wp', 'write A 1', 'write A+1 2', 'madvise A 0 8 pageout', 'read A => value 1', 'write A+1 3', 'read A+1 => value 3'),
    },
    {
      name: 'armed-faults',
      law: 'a page that replaces an armed entry carries the bit: the write after a read is reported',
      run: () => area('wp', 'writeprotect u A 0 8 mode=wp', 'read A => value 0', 'expect A 0 1 has +WP', 'write A 1 => blocked'),
    },
    {
      name: 'armed-swap',
      law: 'a page that was armed when it was reclaimed is armed when it comes back',
      run: () =>
        area('wp', 'write A 1', 'writeprotect u A 0 8 mode=wp', 'madvise A 0 8 pageout', 'read A => value 1', 'write A 2 => blocked'),
    },
    { name: 'missing', law: 'where someone watches for missing pages, none is made up', run: () => area('missing', 'read A => blocked') },
  ]
}

function fileOf(make: () => FileBackend, limits: MachineLimits = {}) {
  const backend = make()
  const machine: Machine = createMachine(limits)
  const pages = new Map<number, number>()
  const inode: Inode = {
    id: 7,
    backend: backend.name,
    pageShift: backend.name === 'hugetlb' ? 21 : 12,
    size: 64,
    pages,
    vmas: new Set(),
    reserved: new Set(),
  }
  const add = (pgoff: number, stamp: number) => {
    const pfn = backend.addPage(machine, inode, pgoff, stamp)
    hold(pfn > 0, `addPage answers ${pfn} where there are frames to be had`)
    return pfn
  }
  return { backend, machine, inode, add }
}

/** What holds for a cache, without a kernel around it. */
function cacheCases(make: () => FileBackend): readonly Case[] {
  return [
    {
      name: 'empty-cache',
      law: 'an empty file has no page, and looking for one makes none',
      run() {
        const { backend, machine, inode } = fileOf(make)
        hold(backend.findPage(machine, inode, 3, true) === 0 && !backend.hasPage(inode, 3), 'a page of an empty file is found')
        hold(machine.frames.nrUsed() === 0, 'findPage takes a frame')
      },
    },
    {
      name: 'added-pages',
      law: 'a page that was added is found, with its contents, and the cache holds the one reference',
      run() {
        const { backend, machine, inode, add } = fileOf(make)
        const [three, four] = [add(3, 33), add(4, 44)]
        hold(three !== four, 'two pages have one frame')
        for (const [pgoff, pfn, stamp] of [
          [3, three, 33],
          [4, four, 44],
        ] as const) {
          hold(backend.findPage(machine, inode, pgoff, false) === pfn && backend.hasPage(inode, pgoff), `page ${pgoff} is not found`)
          hold(machine.frames.stamp(pfn) === stamp, `page ${pgoff} holds ${machine.frames.stamp(pfn)}, and not ${stamp}`)
          hold(
            machine.frames.field(pfn, FRAME_REF) === 1,
            `page ${pgoff} has ${machine.frames.field(pfn, FRAME_REF)} references, and not 1`,
          )
        }
      },
    },
    {
      name: 'removed-pages',
      law: 'pages of a range that is removed are gone with their frames, and no other',
      run() {
        const { backend, machine, inode, add } = fileOf(make)
        for (const pgoff of [0, 1, 2, 3]) add(pgoff, pgoff + 1)
        const each = machine.frames.nrUsed() / 4
        backend.removePages(machine, inode, 1, 3)
        const has = [0, 1, 2, 3].filter((pgoff) => backend.hasPage(inode, pgoff))
        hold(has.join() === '0,3', `of pages 0 to 3, with 1 and 2 removed, there are ${has.join() || 'none'}`)
        hold(machine.frames.nrUsed() === 2 * each, `${machine.frames.nrUsed()} frames are in use, and not ${2 * each}`)
        backend.removePages(machine, inode, 0, 2 ** 40)
        hold(machine.frames.nrUsed() === 0, 'frames are in use when all pages are removed')
      },
    },
    {
      name: 'no-frames',
      law: 'addPage answers 0 when there is no frame, and adds nothing',
      run() {
        const { backend, machine, inode } = fileOf(make, { frames: 1 })
        while (machine.frames.alloc(0) !== 0);
        hold(backend.addPage(machine, inode, 3, 1) === 0, 'addPage answers something else than 0')
        hold(!backend.hasPage(inode, 3), 'the page is there all the same')
      },
    },
    {
      name: 'reclaimed-pages',
      law: 'a written page that is reclaimed comes back with its contents; one that stays is where it was',
      run() {
        const { backend, machine, inode, add } = fileOf(make)
        const pfn = add(3, 33)
        machine.frames.setFlags(pfn, FRAME_DIRTY)
        const went = backend.reclaimPage(machine, inode, 3)
        hold(backend.hasPage(inode, 3), 'the page is lost')
        if (went) hold(backend.findPage(machine, inode, 3, false) === 0, 'reclaimPage says that the page went; it is in memory')
        const back = backend.findPage(machine, inode, 3, true)
        hold(back > 0 && machine.frames.stamp(back) === 33, `the page comes back with ${machine.frames.stamp(back)}, and not with 33`)
        hold(machine.swap.nrUsed() === 0, 'its slot is still in use')
      },
    },
    {
      name: 'no-allocation',
      law: 'findPage allocates nothing for a page that is in memory',
      notFor: unobservable(),
      run() {
        const { backend, machine, inode, add } = fileOf(make)
        add(3, 33)
        holdAllocatesNothing('findPage', () => backend.findPage(machine, inode, 3, true))
      },
    },
  ]
}
