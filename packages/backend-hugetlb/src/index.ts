/**
 * hugetlb files: huge pages from a pool, in a cache, at the pmd or pud level.
 * @module
 */
export { createHugetlbBackend, type HugetlbPool } from './hugetlb-backend.ts'
