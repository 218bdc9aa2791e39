/**
 * What the kernel's own macros answered, as numbers: taken from the headers, compiled and run outside of this project for
 * each architecture with the widths of its `unsigned long` and pte. Types and offsets in, ptes out.
 *
 * @source v6.12 arch/x86/include/asm/{pgtable_64,pgtable-3level,pgtable_types}.h, arch/arm64/include/asm/pgtable{,-prot,-hwdef}.h,
 * arch/arm/include/asm/pgtable{,-2level,-3level}.h, arch/riscv/include/asm/pgtable{,-bits}.h, arch/s390/include/asm/pgtable.h,
 * arch/powerpc/include/asm/book3s/64/{pgtable,hash,hash-4k,hash-64k,radix}.h; v6.1 arch/arm/include/asm/pgtable.h
 */

/** One architecture's answers. */
export interface KernelMacros {
  /** generic_max_swapfile_size() */
  readonly maxPages: number
  /** The flags that a swap pte has, as masks. */
  readonly flags: Readonly<Record<string, bigint>>
  /** Is __swp_entry_to_pte(__swp_entry(0, 0)) none? */
  readonly firstIsNone: boolean
  /** Type, offset, pte. */
  readonly ptes: readonly (readonly [type: number, offset: number, pte: bigint])[]
}

/** By the name of the architecture. */
export const KERNEL_MACROS: Readonly<Record<string, KernelMacros>> = {
  'x86-64': {
    maxPages: 1125899906842624,
    flags: { softDirty: 0x2n, uffdWp: 0x4n, exclusive: 0x8n },
    firstIsNone: false,
    ptes: [
      [0, 0, 0x7fffffffffffe00n],
      [0, 8388607, 0x7ffffff00000000n],
      [1, 0, 0xffffffffffffe00n],
      [1, 16777215, 0xffffffe00000000n],
      [1, 2147483648, 0xffffefffffffe00n],
      [23, 5921370, 0xbfffffff4b4b4a00n],
      [23, 4294967295, 0xbffffe0000000000n],
      [31, 1, 0xfffffffffffffc00n],
      [31, 7, 0xfffffffffffff000n],
      [31, 1125899906842623, 0xf800000000000000n],
    ],
  },
  'i386-pae': {
    maxPages: 67108864,
    flags: { exclusive: 0x80n },
    firstIsNone: false,
    ptes: [
      [0, 0, 0x7fffffffffffe00n],
      [0, 8388607, 0x7ffffff00000000n],
      [1, 0, 0xffffffffffffe00n],
      [1, 16777215, 0xffffffe00000000n],
      [23, 5921370, 0xbfffffff4b4b4a00n],
      [31, 1, 0xfffffffffffffc00n],
      [31, 7, 0xfffffffffffff000n],
      [31, 67108863, 0xfffffff800000000n],
    ],
  },
  arm64: {
    maxPages: 1125899906842624,
    flags: { exclusive: 0x4n, uffdWp: 0x8n },
    firstIsNone: true,
    ptes: [
      [0, 0, 0x0n],
      [0, 8388607, 0x7fffff000n],
      [1, 0, 0x40n],
      [1, 16777215, 0xffffff040n],
      [1, 2147483648, 0x80000000040n],
      [23, 5921370, 0x5a5a5a5c0n],
      [23, 4294967295, 0xffffffff5c0n],
      [31, 1, 0x17c0n],
      [31, 7, 0x77c0n],
      [31, 1125899906842623, 0x3ffffffffffff7c0n],
    ],
  },
  'arm-short': {
    maxPages: 16777216,
    flags: { exclusive: 0x80n },
    firstIsNone: true,
    ptes: [
      [0, 0, 0x0n],
      [0, 8388607, 0x7fffff00n],
      [1, 0, 0x4n],
      [1, 16777215, 0xffffff04n],
      [23, 5921370, 0x5a5a5a5cn],
      [31, 1, 0x17cn],
      [31, 7, 0x77cn],
      [31, 16777215, 0xffffff7cn],
    ],
  },
  'arm-lpae': {
    maxPages: 16777216,
    flags: { exclusive: 0x80n },
    firstIsNone: true,
    ptes: [
      [0, 0, 0x0n],
      [0, 8388607, 0x7fffff00n],
      [1, 0, 0x4n],
      [1, 16777215, 0xffffff04n],
      [23, 5921370, 0x5a5a5a5cn],
      [31, 1, 0x17cn],
      [31, 7, 0x77cn],
      [31, 16777215, 0xffffff7cn],
    ],
  },
  'arm-short-6.1': {
    maxPages: 33554432,
    flags: {},
    firstIsNone: true,
    ptes: [
      [0, 0, 0x0n],
      [0, 8388607, 0x3fffff80n],
      [1, 0, 0x4n],
      [1, 16777215, 0x7fffff84n],
      [23, 5921370, 0x2d2d2d5cn],
      [31, 1, 0xfcn],
      [31, 7, 0x3fcn],
      [31, 16777215, 0x7ffffffcn],
    ],
  },
  riscv64: {
    maxPages: 4503599627370496,
    flags: { exclusive: 0x40n },
    firstIsNone: true,
    ptes: [
      [0, 0, 0x0n],
      [0, 8388607, 0x7fffff000n],
      [1, 0, 0x80n],
      [1, 16777215, 0xffffff080n],
      [1, 2147483648, 0x80000000080n],
      [23, 5921370, 0x5a5a5ab80n],
      [23, 4294967295, 0xffffffffb80n],
      [31, 1, 0x1f80n],
      [31, 7, 0x7f80n],
      [31, 4503599627370495, 0xffffffffffffff80n],
    ],
  },
  s390x: {
    maxPages: 4503599627370496,
    flags: { exclusive: 0x800n, softDirty: 0x2n },
    firstIsNone: false,
    ptes: [
      [0, 0, 0x600n],
      [0, 8388607, 0x7fffff600n],
      [1, 0, 0x604n],
      [1, 16777215, 0xffffff604n],
      [1, 2147483648, 0x80000000604n],
      [23, 5921370, 0x5a5a5a65cn],
      [23, 4294967295, 0xffffffff65cn],
      [31, 1, 0x167cn],
      [31, 7, 0x767cn],
      [31, 4503599627370495, 0xfffffffffffff67cn],
    ],
  },
  'ppc64-hash': {
    maxPages: 137438953472,
    flags: { exclusive: 0x20n, softDirty: 0x200n },
    firstIsNone: false,
    ptes: [
      [0, 0, 0x4000000000000000n],
      [0, 8388607, 0x4000007fffff0000n],
      [1, 0, 0x4000000000000001n],
      [1, 16777215, 0x400000ffffff0001n],
      [1, 2147483648, 0x4000800000000001n],
      [23, 5921370, 0x4000005a5a5a0017n],
      [23, 4294967295, 0x4000ffffffff0017n],
      [31, 1, 0x400000000001001fn],
      [31, 7, 0x400000000007001fn],
      [31, 137438953471, 0x401fffffffff001fn],
    ],
  },
  'ppc64-hash-4k': {
    maxPages: 2199023255552,
    flags: { exclusive: 0x20n, softDirty: 0x200n },
    firstIsNone: false,
    ptes: [
      [0, 0, 0x4000000000000000n],
      [0, 8388607, 0x40000007fffff000n],
      [1, 0, 0x4000000000000001n],
      [1, 16777215, 0x4000000ffffff001n],
      [1, 2147483648, 0x4000080000000001n],
      [23, 5921370, 0x40000005a5a5a017n],
      [23, 4294967295, 0x40000ffffffff017n],
      [31, 1, 0x400000000000101fn],
      [31, 7, 0x400000000000701fn],
      [31, 2199023255551, 0x401ffffffffff01fn],
    ],
  },
  'ppc64-radix': {
    maxPages: 137438953472,
    flags: { exclusive: 0x20n, softDirty: 0x200n },
    firstIsNone: false,
    ptes: [
      [0, 0, 0x4000000000000000n],
      [0, 8388607, 0x4000007fffff0000n],
      [1, 0, 0x4000000000000001n],
      [1, 16777215, 0x400000ffffff0001n],
      [1, 2147483648, 0x4000800000000001n],
      [23, 5921370, 0x4000005a5a5a0017n],
      [23, 4294967295, 0x4000ffffffff0017n],
      [31, 1, 0x400000000001001fn],
      [31, 7, 0x400000000007001fn],
      [31, 137438953471, 0x401fffffffff001fn],
    ],
  },
  'ppc64-radix-4k': {
    maxPages: 2199023255552,
    flags: { exclusive: 0x20n, softDirty: 0x200n },
    firstIsNone: false,
    ptes: [
      [0, 0, 0x4000000000000000n],
      [0, 8388607, 0x40000007fffff000n],
      [1, 0, 0x4000000000000001n],
      [1, 16777215, 0x4000000ffffff001n],
      [1, 2147483648, 0x4000080000000001n],
      [23, 5921370, 0x40000005a5a5a017n],
      [23, 4294967295, 0x40000ffffffff017n],
      [31, 1, 0x400000000000101fn],
      [31, 7, 0x400000000000701fn],
      [31, 2199023255551, 0x401ffffffffff01fn],
    ],
  },
}
