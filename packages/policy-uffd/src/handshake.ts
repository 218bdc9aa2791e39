/**
 * UFFDIO_API.
 * @module
 */
import { EINVAL, UFFD_API, UFFD_FEATURE_WP_ASYNC, UFFD_FEATURE_WP_UNPOPULATED, type UffdSupport } from '@faultline/mm-types'
import type { Userfaultfd } from './context.ts'

/**
 * Agrees on features, once a descriptor.
 *
 * @returns the features the design offers, or -EINVAL (wrong version, unknown feature, second call)
 * @source v6.18 fs/userfaultfd.c userfaultfd_api()
 */
export function handshake(context: Userfaultfd, support: UffdSupport, version: number, features: number): number {
  // Subtracted rather than masked: a feature may be a bit above the 32 that bitwise operators see.
  if (version !== UFFD_API || features !== (features & support.features)) return -EINVAL
  if (context.ready) return -EINVAL
  context.features = features & UFFD_FEATURE_WP_ASYNC ? features | UFFD_FEATURE_WP_UNPOPULATED : features
  return support.features
}
