/**
 * Parts of a virtual page number. A vpn has up to 36 bits (48-bit addresses); below 2^31 it stays a small integer and
 * shifts are used, above it one division.
 * @module
 */

/** Index of a page in its table of ptes. */
export function pteIndex(vpn: number): number {
  return vpn & 511
}

/** Number of the 2 MiB region of a page; below 2^27 for 48-bit addresses. */
export function pmdNumber(vpn: number): number {
  return vpn <= 0x7fffffff ? vpn >> 9 : Math.floor(vpn / 512)
}
