/**
 * The swap ptes of every architecture on one BigInt, following each kernel's macros step by step. For tests only.
 *
 * An `unsigned long` of 32 bits is cut after every step, as C does.
 *
 * @source v6.12 arch/<name>/include/asm/pgtable*.h, read one by one; none of it is computed from a layout
 */
const U32 = (1n << 32n) - 1n
const U64 = (1n << 64n) - 1n

/** One architecture's macros. */
export interface ArchOracle {
  /** Bits of `unsigned long`. */
  readonly long: 32n | 64n
  /** Bits of a pte. */
  readonly pte: 32n | 64n
  /** __swp_entry_to_pte(__swp_entry(type, offset)) */
  entryToPte(type: bigint, offset: bigint): bigint
  /** __swp_type(__pte_to_swp_entry(pte)) */
  type(pte: bigint): bigint
  /** __swp_offset(__pte_to_swp_entry(pte)) */
  offset(pte: bigint): bigint
  present(pte: bigint): boolean
  none(pte: bigint): boolean
}

const x86Present = (pte: bigint): boolean => (pte & ((1n << 0n) | (1n << 8n))) !== 0n
const x86None = (pte: bigint): boolean => (pte & ~((1n << 6n) | (1n << 5n)) & U64) === 0n

/** arch/x86/include/asm/pgtable_64.h */
const x86_64: ArchOracle = {
  long: 64n,
  pte: 64n,
  entryToPte: (type, offset) => ((((~offset & U64) << 14n) & U64) >> 5n) | ((type << 59n) & U64),
  type: (pte) => pte >> 59n,
  offset: (pte) => (((~pte & U64) << 5n) & U64) >> 14n,
  present: x86Present,
  none: x86None,
}

/** arch/x86/include/asm/pgtable-3level.h: the entry in between has 32 bits, type below, offset above. */
const i386Pae: ArchOracle = {
  long: 32n,
  pte: 64n,
  entryToPte(type, offset) {
    const entry = ((type & 31n) | (offset << 5n)) & U32
    return ((((~(entry >> 5n) & U64) << 14n) & U64) >> 5n) | (((entry & 31n) << 59n) & U64)
  },
  type: (pte) => pte >> 59n,
  offset(pte) {
    const raw = ((((~pte & U64) << 5n) & U64) >> 14n) & U32
    return ((raw << 5n) & U32) >> 5n
  },
  present: x86Present,
  none: x86None,
}

/** arch/arm64/include/asm/pgtable.h */
const arm64: ArchOracle = {
  long: 64n,
  pte: 64n,
  entryToPte: (type, offset) => ((type << 6n) | (offset << 12n)) & U64,
  type: (pte) => (pte >> 6n) & 31n,
  offset: (pte) => (pte >> 12n) & ((1n << 50n) - 1n),
  present: (pte) => (pte & 1n) !== 0n || (pte & (1n | (1n << 11n))) === 1n << 11n,
  none: (pte) => pte === 0n,
}

/** arch/arm/include/asm/pgtable.h; `shift` is that of the offset, `mask` is L_PTE_PRESENT. */
const arm = (bits: 32n | 64n, shift: bigint, mask: bigint): ArchOracle => ({
  long: 32n,
  pte: bits,
  entryToPte: (type, offset) => (((type & 31n) << 2n) | (offset << shift)) & U32,
  type: (pte) => ((pte & U32) >> 2n) & 31n,
  offset: (pte) => (pte & U32) >> shift,
  present: (pte) => (pte & mask) !== 0n,
  none: (pte) => pte === 0n,
})

/** arch/riscv/include/asm/pgtable.h */
const riscv64: ArchOracle = {
  long: 64n,
  pte: 64n,
  entryToPte: (type, offset) => (((type & 31n) << 7n) | (offset << 12n)) & U64,
  type: (pte) => (pte >> 7n) & 31n,
  offset: (pte) => pte >> 12n,
  present: (pte) => (pte & ((1n << 0n) | (1n << 5n))) !== 0n,
  none: (pte) => pte === 0n,
}

/** arch/s390/include/asm/pgtable.h */
const s390x: ArchOracle = {
  long: 64n,
  pte: 64n,
  entryToPte: (type, offset) => 0x400n | 0x200n | ((offset & ((1n << 52n) - 1n)) << 12n) | ((type & 31n) << 2n),
  type: (pte) => (pte >> 2n) & 31n,
  offset: (pte) => (pte >> 12n) & ((1n << 52n) - 1n),
  present: (pte) => (pte & 1n) !== 0n,
  none: (pte) => pte === 0x400n,
}

/** arch/powerpc/include/asm/book3s/64/pgtable.h; `noneMask` is H_PTE_NONE_MASK or RADIX_PTE_NONE_MASK. */
const ppc64 = (pageShift: bigint, noneMask: bigint): ArchOracle => {
  const PAGE_PTE = 0x4000000000000000n
  const rpnMask = ((1n << 53n) - 1n) & ~((1n << pageShift) - 1n)
  const both = (pte: bigint, bit: bigint): boolean => (pte & (bit | PAGE_PTE)) === (bit | PAGE_PTE)
  return {
    long: 64n,
    pte: 64n,
    entryToPte: (type, offset) => type | ((offset << pageShift) & U64 & rpnMask) | PAGE_PTE,
    type: (pte) => pte & ~PAGE_PTE & 31n,
    offset: (pte) => (pte & ~PAGE_PTE & rpnMask) >> pageShift,
    present: (pte) => both(pte, 0x8000000000000000n) || both(pte, 0x2000000000000000n),
    none: (pte) => (pte & ~noneMask & U64) === 0n,
  }
}

const RADIX_NONE = 0x180n
const HASH_4K_NONE = 0x40n | 0x1000000000000000n | 0x0100000000000000n | 0x0080000000000000n | 0x0040000000000000n | 0x0020000000000000n
const HASH_64K_NONE = 0x40n | 0x0080000000000000n | 0x1000n

/** By the name of the architecture. */
export const ARCH_ORACLES: Readonly<Record<string, ArchOracle>> = {
  'x86-64': x86_64,
  'x86-64-5level': x86_64,
  'i386-pae': i386Pae,
  arm64,
  'arm-short': arm(32n, 8n, 1n),
  'arm-short-6.1': arm(32n, 7n, 1n),
  'arm-lpae': arm(64n, 8n, 3n),
  riscv64,
  'riscv64-svrsw60t59b': riscv64,
  s390x,
  'ppc64-hash': ppc64(16n, HASH_64K_NONE),
  'ppc64-hash-4k': ppc64(12n, HASH_4K_NONE),
  'ppc64-radix': ppc64(16n, RADIX_NONE),
  'ppc64-radix-4k': ppc64(12n, RADIX_NONE),
}

/** The architecture-independent entry in between cuts the offset. @source v6.12 include/linux/swapops.h swp_entry() */
export function swpEntryOffset(oracle: ArchOracle, offset: bigint): bigint {
  return offset & ((1n << (oracle.long - 1n - 5n)) - 1n)
}

/** swp_entry_to_pte(swp_entry(type, offset)) */
export function oracleEntryToPte(oracle: ArchOracle, type: bigint, offset: bigint): bigint {
  return oracle.entryToPte(type, swpEntryOffset(oracle, offset))
}

/** swp_offset(pte_to_swp_entry(pte)) */
export function oracleEntryOffset(oracle: ArchOracle, pte: bigint): bigint {
  return swpEntryOffset(oracle, oracle.offset(pte))
}

/** generic_max_swapfile_size(): the offset of all ones, there and back. @source v6.12 mm/swapfile.c */
export function oracleMaxSwapfileSize(oracle: ArchOracle): bigint {
  return oracleEntryOffset(oracle, oracleEntryToPte(oracle, 0n, (1n << oracle.long) - 1n)) + 1n
}
