/**
 * Error numbers of Linux on x86-64, positive as in errno(3); hot functions return them negated.
 *
 * @source v6.18 include/uapi/asm-generic/errno-base.h, errno.h
 * @module
 */
export const EPERM = 1
export const ENOENT = 2
export const ESRCH = 3
export const EINTR = 4
export const EIO = 5
export const ENXIO = 6
export const EBADF = 9
export const EAGAIN = 11
export const ENOMEM = 12
export const EACCES = 13
export const EFAULT = 14
export const EBUSY = 16
export const EEXIST = 17
export const ENODEV = 19
export const EINVAL = 22
export const ENOTTY = 25
export const ENOSPC = 28
export const ENOSYS = 38
export const EOPNOTSUPP = 95
export const EHWPOISON = 133

/** Every errno above by its name. */
export const ERRNO: Readonly<Record<string, number>> = {
  EPERM,
  ENOENT,
  ESRCH,
  EINTR,
  EIO,
  ENXIO,
  EBADF,
  EAGAIN,
  ENOMEM,
  EACCES,
  EFAULT,
  EBUSY,
  EEXIST,
  ENODEV,
  EINVAL,
  ENOTTY,
  ENOSPC,
  ENOSYS,
  EOPNOTSUPP,
  EHWPOISON,
}

/** The name of a positive or negated errno; `E<number>` for one not listed, `0` for success. */
export function errnoName(errno: number): string {
  const positive = Math.abs(errno)
  if (positive === 0) return '0'
  return Object.keys(ERRNO).find((name) => ERRNO[name] === positive) ?? `E${positive}`
}
