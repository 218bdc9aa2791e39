/**
 * Who may have a userfaultfd.
 * @module
 */
import { EACCES, EINVAL, ENOENT, EPERM, UFFD_FEATURE_EVENT_FORK, UFFD_USER_MODE_ONLY } from '@faultline/mm-types'
import type { Kernel } from './objects.ts'

/**
 * Whether a userfaultfd is to be had, by userfaultfd(2) or by /dev/userfaultfd, whose file mode then decides.
 *
 * @returns 0 or an errno
 * @source v6.18 fs/userfaultfd.c userfaultfd_syscall_allowed(), userfaultfd_dev_ioctl(), new_userfaultfd()
 * @fidelity simplified new_userfaultfd(): O_CLOEXEC and O_NONBLOCK are always asked for
 */
export function refusesUserfaultfd({ design, settings }: Kernel, flags: number, device: boolean): number {
  const { userModeOnly, userfaultfdDevice } = design.calls
  const { ptrace, unprivilegedUserfaultfd, device: mayOpen } = settings.privilege
  const isUserOnly = userModeOnly && (flags & UFFD_USER_MODE_ONLY) !== 0
  if (device && !userfaultfdDevice) return ENOENT
  if (device && !mayOpen) return EACCES
  if (!device && !isUserOnly && !ptrace && !unprivilegedUserfaultfd) return EPERM
  return flags & ~(userModeOnly ? UFFD_USER_MODE_ONLY : 0) ? EINVAL : 0
}

/**
 * Whether a feature takes a right: messages of forks do, as they bring a file descriptor of the child.
 *
 * @returns 0 or an errno
 * @source v6.18 fs/userfaultfd.c userfaultfd_api()
 */
export function refusesFeatures({ settings }: Kernel, features: number): number {
  return features & UFFD_FEATURE_EVENT_FORK && !settings.privilege.ptrace ? EPERM : 0
}
