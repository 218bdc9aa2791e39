/**
 * Releases of Linux between the presets: the newest preset that is not newer, with what came up to the release.
 * @module
 */
import {
  type BackendName,
  type CallSupport,
  type Design,
  UFFD_FEATURE_EXACT_ADDRESS,
  UFFD_FEATURE_MINOR_HUGETLBFS,
  UFFD_FEATURE_MINOR_SHMEM,
  UFFD_FEATURE_MOVE,
  UFFD_FEATURE_POISON,
  UFFD_FEATURE_WP_ASYNC,
  UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
  UFFD_FEATURE_WP_UNPOPULATED,
  UFFD_IOCTL_CONTINUE,
  UFFD_IOCTL_MOVE,
  UFFD_IOCTL_POISON,
} from '@faultline/mm-types'
import { linux57, linux61, linux64, linux67, linux519, linux612, linux618 } from './history.ts'
import { FEATURES_5_7, IOCTLS_5_7 } from './parts.ts'

/** A release as a number that grows with time: 6.1 is 601, 5.19 is 519. */
type Age = number

/** Features of userfaultfd by the release that brought them. @source include/uapi/linux/userfaultfd.h, by tag */
const FEATURES: readonly (readonly [Age, number])[] = [
  [507, FEATURES_5_7],
  [513, UFFD_FEATURE_MINOR_HUGETLBFS],
  [514, UFFD_FEATURE_MINOR_SHMEM],
  [518, UFFD_FEATURE_EXACT_ADDRESS],
  [519, UFFD_FEATURE_WP_HUGETLBFS_SHMEM],
  [604, UFFD_FEATURE_WP_UNPOPULATED],
  [606, UFFD_FEATURE_POISON],
  [607, UFFD_FEATURE_WP_ASYNC],
  [608, UFFD_FEATURE_MOVE],
]

const IOCTLS: readonly (readonly [Age, number])[] = [
  [507, IOCTLS_5_7],
  [513, UFFD_IOCTL_CONTINUE],
  [606, UFFD_IOCTL_POISON],
  [608, UFFD_IOCTL_MOVE],
]

/** Memory with minor faults, by release. @source fs/userfaultfd.c vma_can_userfault(), later include/linux/userfaultfd_k.h */
const MINOR: readonly (readonly [Age, BackendName])[] = [
  [513, 'hugetlb'],
  [514, 'shmem'],
]

const PRESETS: readonly (readonly [Age, Design])[] = [
  [507, linux57],
  [519, linux519],
  [601, linux61],
  [604, linux64],
  [607, linux67],
  [612, linux612],
  [618, linux618],
]

const OLDEST = 507
const LAST_OF_5 = 519
const NEWEST = 618

/** Every release that can be asked for, oldest first. */
export const RELEASES: readonly string[] = [...names(5, OLDEST - 500, LAST_OF_5 - 500), ...names(6, 0, NEWEST - 600)]

/** Releases that brought something that {@link linuxRelease} knows of; all others are as the one before them. */
export const TURNING_POINTS: readonly string[] = [
  ...new Set([OLDEST, 511, 513, 514, 516, 518, LAST_OF_5, 601, 603, 604, 606, 607, 608, 612, 613, 615, NEWEST]),
].map(nameOf)

/** A release of Linux, such as `6.8`, as a design; undefined when it is none of {@link RELEASES}. */
export function linuxRelease(release: string): Design | undefined {
  if (!RELEASES.includes(release)) return undefined
  const age = ageOf(release)
  const [from, preset] = PRESETS.findLast(([born]) => born <= age)!
  const design = withCalls(preset, age)
  if (from === age) return design
  return {
    ...design,
    name: `linux-${release}`,
    title: `Linux ${release}, by ${preset.name}`,
    reference: `Linux ${release}`,
    status: 'model only',
  }
}

/** The preset that a release is made from: its name. */
export function presetOf(release: string): string {
  return PRESETS.findLast(([born]) => born <= ageOf(release))![1].name
}

/** Presets stand for the contested choices of their day, with the calls of newer kernels; here those are of the day too. */
function withCalls(preset: Design, age: Age): Design {
  const features = born(FEATURES, age)
  const ioctls = born(IOCTLS, age)
  const calls: CallSupport = {
    ...preset.calls,
    scanCategories: age < 607 ? 0 : age < 615 ? 0xff : 0x1ff,
    guardRegions: age < 613 ? 'none' : age < 615 ? 'anon' : 'anon and files',
    writeProtectSpans: age >= 603,
    continueWp: age >= 604,
    userModeOnly: age >= 511,
    userfaultfdDevice: age >= 601,
    dontneedHugetlb: age >= 518,
    mremapHugetlb: age >= 516,
  }
  const minorMemory = MINOR.flatMap(([at, memory]) => (at <= age ? [memory] : []))
  return { ...preset, calls, uffd: { ...preset.uffd, features, ioctls, minorMemory } }
}

function born(list: readonly (readonly [Age, number])[], age: Age): number {
  return list.reduce((all, [at, bits]) => (at <= age ? all | bits : all), 0)
}

function ageOf(release: string): Age {
  const [major, minor] = release.split('.').map(Number)
  return major! * 100 + minor!
}

function nameOf(age: Age): string {
  return `${Math.floor(age / 100)}.${age % 100}`
}

function names(major: number, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `${major}.${from + i}`)
}
