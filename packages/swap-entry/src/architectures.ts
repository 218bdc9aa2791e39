/**
 * The architectures whose entries are known here.
 *
 * @module
 */
import { ARM_LPAE, ARM_SHORT, ARM_SHORT_6_1 } from './arch/arm.ts'
import { ARM64 } from './arch/arm64.ts'
import { I386_PAE } from './arch/i386-pae.ts'
import { PPC64_HASH, PPC64_HASH_4K, PPC64_RADIX, PPC64_RADIX_4K } from './arch/ppc64.ts'
import { RISCV64, RISCV64_SVRSW60T59B } from './arch/riscv64.ts'
import { S390X } from './arch/s390x.ts'
import { X86_64, X86_64_5LEVEL } from './arch/x86-64.ts'
import type { PteArchitecture } from './architecture.ts'

/** Every architecture and page-table format, in the order of tables. */
export const ARCHITECTURES: readonly PteArchitecture[] = [
  X86_64,
  X86_64_5LEVEL,
  I386_PAE,
  ARM64,
  ARM_SHORT,
  ARM_SHORT_6_1,
  ARM_LPAE,
  RISCV64,
  RISCV64_SVRSW60T59B,
  S390X,
  PPC64_HASH,
  PPC64_HASH_4K,
  PPC64_RADIX,
  PPC64_RADIX_4K,
]
