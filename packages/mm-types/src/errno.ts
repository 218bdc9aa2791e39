/**
 * Error numbers of Linux on x86-64, positive as in errno(3); hot functions return them negated.
 *
 * @source v6.18 include/uapi/asm-generic/errno-base.h, errno.h
 * @module
 */

/** Operation not permitted. */
export const EPERM = 1
/** No such file, or nothing mapped there. */
export const ENOENT = 2
/** No such process: the address space is gone. */
export const ESRCH = 3
/** Interrupted by a signal. */
export const EINTR = 4
/** Input or output failed. */
export const EIO = 5
/** No such device or address. */
export const ENXIO = 6
/** Not an open file descriptor, or not open for this. */
export const EBADF = 9
/** Try again: what it looked at changed meanwhile, or there is nothing to read. */
export const EAGAIN = 11
/** Out of memory, or the range is not mapped. */
export const ENOMEM = 12
/** Permission denied. */
export const EACCES = 13
/** Bad address. */
export const EFAULT = 14
/** The page or device is in use. */
export const EBUSY = 16
/** It is there already. */
export const EEXIST = 17
/** The file or device cannot do this. */
export const ENODEV = 19
/** Invalid argument. */
export const EINVAL = 22
/** The file knows no such ioctl. */
export const ENOTTY = 25
/** No space is left. */
export const ENOSPC = 28
/** There is no such system call. */
export const ENOSYS = 38
/** Not supported by this kind of file or memory. */
export const EOPNOTSUPP = 95
/** The page has a hardware error. */
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
