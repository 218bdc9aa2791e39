/**
 * userfaultfd: registration, write-protection, fills, messages, and the ways to arm what is empty.
 * @module
 */
export { hugeZeroPage } from './arming/huge-zero-page.ts'
export { pmdMarkers } from './arming/pmd-marker.ts'
export { pteMarkers } from './arming/pte-marker.ts'
export { pudMarkers } from './arming/pud-marker.ts'
export { skip } from './arming/skip.ts'
export { twoMarkers } from './arming/two-markers.ts'
export { zeroPage } from './arming/zero-page.ts'
export { Userfaultfd } from './context.ts'
export { fill } from './fill.ts'
export { handshake } from './handshake.ts'
export { move } from './move.ts'
export { validateRange } from './ranges.ts'
export { register, release, unregister } from './register.ts'
export { ideal, uffdWpAsync, uffdWpSync } from './tracker.ts'
export { UnreadFault, UnreadFaults } from './unread.ts'
export { isWpRegistered, UserfaultfdSubsystem } from './userfaultfd.ts'
export { type Waiter, Waiters } from './waiters.ts'
export { armingOf, protectRange, writeProtect } from './write-protect.ts'
