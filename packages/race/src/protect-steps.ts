/**
 * UFFDIO_WRITEPROTECT in steps.
 *
 * @source v5.10 mm/userfaultfd.c mwriteprotect_range(); v5.10 fs/userfaultfd.c userfaultfd_writeprotect()
 * @module
 */
import { UFFDIO_WRITEPROTECT_MODE_WP } from '@faultline/mm-types'
import { protectRange } from '@faultline/policy-uffd'
import type { WriteProtectOp } from '@faultline/program'
import { changeSteps } from './change-steps.ts'
import type { Steps } from './steps.ts'
import type { RaceWorld } from './world.ts'

/** Begins or ends the protection of the page, and wakes who waited for its end. */
export function* protectSteps(world: RaceWorld, _cpu: number, { uffd, mode }: WriteProtectOp): Steps {
  const { mm, vpn } = world
  const enable = (mode & UFFDIO_WRITEPROTECT_MODE_WP) !== 0
  let nrUnprotects = 0
  yield* changeSteps(world, {
    lock: 'read',
    what: enable ? 'protects the entry' : 'ends the protection of the entry',
    begin() {
      if (!enable) {
        world.isProtected = false
        world.nrUnprotects++
      }
      nrUnprotects = world.nrUnprotects
    },
    change() {
      protectRange(mm, mm.findVma(vpn)!, vpn, vpn + 1, enable)
    },
    end() {
      // What a call means that ends while another undoes it, nobody can say.
      if (enable && nrUnprotects === world.nrUnprotects) world.isProtected = true
      if (!enable) wake(world, uffd)
    },
  })
}

function wake(world: RaceWorld, name: string): void {
  const { uffd } = world.composed
  uffd.wake(world.session.bindings.uffd(name).context, world.vpn * 4096, 4096)
  for (const who of uffd.takeWoken()) if (typeof who === 'string') world.woken.add(who)
}
