/**
 * hugetlb files: huge pages from a pool, in a cache, at the pmd or pud level.
 * @module
 */
export { createHugetlbBackend } from './hugetlb-backend.ts'
export { HugePool, type HugetlbPool } from './pool.ts'
