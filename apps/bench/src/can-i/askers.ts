/**
 * Who asks: the rights of a process, and the settings of its machine.
 * @module
 */
import type { ModelSettings } from '@faultline/designs'

type Privilege = NonNullable<ModelSettings['privilege']>

/** Somebody who asks. */
export interface Who {
  readonly name: string
  readonly title: string
  /** The same on one release. */
  titleOn(release: string): string
  readonly words: readonly string[]
  /** Has CAP_SYS_PTRACE. */
  readonly privileged: boolean
  /** What the model lets them do on a release, whose default the sysctl has where nobody set it. */
  privilege(release: string): Privilege
}

/** 5.11 made it 0: since then UFFD_USER_MODE_ONLY is what is left to everybody. @source fs/userfaultfd.c sysctl_unprivileged_userfaultfd */
export function defaultSysctl(release: string): boolean {
  const [major, minor] = release.split('.').map(Number)
  return major! * 100 + minor! < 511
}

function nobody(name: string, title: string, words: readonly string[], rights: (release: string) => Partial<Privilege>): Who {
  const privilege = (release: string) => ({ ptrace: false, unprivilegedUserfaultfd: false, device: false, ...rights(release) })
  const titleOn = (release: string) =>
    [
      'without CAP_SYS_PTRACE',
      `vm.unprivileged_userfaultfd=${Number(privilege(release).unprivilegedUserfaultfd)}`,
      ...(privilege(release).device ? ['may open /dev/userfaultfd'] : []),
    ].join(', ')
  return { name, title, titleOn, words, privileged: false, privilege }
}

/** Everybody who can be named. */
export const ASKERS: readonly Who[] = [
  {
    name: 'root',
    title: 'with CAP_SYS_PTRACE',
    titleOn: () => 'with CAP_SYS_PTRACE',
    words: ['with CAP_SYS_PTRACE', 'CAP_SYS_PTRACE', 'as root', 'privileged'],
    privileged: true,
    privilege: () => ({ ptrace: true, unprivilegedUserfaultfd: false, device: true }),
  },
  nobody(
    'unprivileged',
    'without CAP_SYS_PTRACE, vm.unprivileged_userfaultfd as the release sets it: 1 before 5.11, 0 since',
    ['without CAP_SYS_PTRACE', 'no CAP_SYS_PTRACE', 'as nobody', 'nobody', 'without root', 'rootless', 'as a user'],
    (release) => ({ unprivilegedUserfaultfd: defaultSysctl(release) }),
  ),
  nobody('sysctl-0', 'without CAP_SYS_PTRACE, vm.unprivileged_userfaultfd=0', ['vm.unprivileged_userfaultfd=0'], () => ({})),
  nobody('sysctl-1', 'without CAP_SYS_PTRACE, vm.unprivileged_userfaultfd=1', ['vm.unprivileged_userfaultfd=1'], () => ({
    unprivilegedUserfaultfd: true,
  })),
  nobody(
    'device-user',
    'without CAP_SYS_PTRACE, with permission to open /dev/userfaultfd',
    ['with permission on /dev/userfaultfd'],
    (release) => ({ unprivilegedUserfaultfd: defaultSysctl(release), device: true }),
  ),
]
