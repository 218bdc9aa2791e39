/**
 * What runs inside a virtual machine: a root file system with the helper in it, and the settings the model stands for.
 * @module
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { helperBinary } from '../helper-binary.ts'
import { MACHINE_SETTINGS } from '../machine-plan.ts'
import { NR_HUGEPAGES } from '../settings.ts'
import { type ArchiveEntry, cpioArchive } from './cpio.ts'
import type { FetchedKernel } from './kernels.ts'

/** The disk that is swapped to, as the guest names it. */
const DISK = '/dev/vda'
/** The port over which the helper is spoken to. */
const PORT = '/dev/vport0p1'
/** Pages of 2 MiB in the guest's pool: one program runs at a time. */
const HUGE_PAGES = 96
/** An emulated CPU is some ten times slower, and shares a real one: how much longer the helper waits before it calls a call stuck. */
const SLOWNESS = 10
/** What a program that needs the C library of its machine names in itself. */
const INTERPRETER = '/lib64/ld-linux'

/** The variable that says which user the helper is to become. The kernel hands parameters that it does not know to its first process. */
export const USER = 'faultline_user'

/** The root file system for a kernel. @throws Error when the helper cannot run in it */
export function guestImage(kernel: FetchedKernel): Buffer {
  const helper = readFileSync(helperBinary())
  if (helper.includes(INTERPRETER)) {
    throw new Error('the helper could not be linked statically, so it cannot run in a virtual machine: install libc6-dev, which has libc.a')
  }
  const folders = ['bin', 'proc', 'sys', 'dev', 'drivers'].map((path) => ({ path }))
  const drivers = kernel.drivers.map((path) => ({ path: `drivers/${basename(path)}`, content: readFileSync(path) }))
  const programs: ArchiveEntry[] = [
    { path: 'bin/busybox', content: readFileSync(kernel.busybox), executable: true },
    { path: 'helper', content: helper, executable: true },
    { path: 'init', content: Buffer.from(initScript(drivers.map(({ path }) => path))), executable: true },
  ]
  return cpioArchive([...folders, ...drivers, ...programs])
}

/** The first process of the guest: drivers, settings, swap, then the helper until nobody speaks to it any more. */
function initScript(drivers: readonly string[]): string {
  const settings = [...MACHINE_SETTINGS, [NR_HUGEPAGES, `${HUGE_PAGES}`] as const]
  return `#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
${drivers.map((path) => `$b insmod /${path}`).join('\n')}
${settings.map(([path, value]) => `[ -e ${path} ] && echo ${value} > ${path}`).join('\n')}
$b mkswap ${DISK} > /dev/null && $b swapon ${DISK}
/helper 0 ${DISK} $$ ${SLOWNESS} $${USER} <> ${PORT} >&0
echo "the helper ended: $?"
$b poweroff -f
`
}
