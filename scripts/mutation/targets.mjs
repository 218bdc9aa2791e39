// The packages whose tests are tested, and which tests of other packages are there to hold them. Kept to those that are quick: every change is
// tried against each test that reaches it.
const rules = (...names) => names.map((name) => `packages/designs/src/${name}.test.ts`)

export const TARGETS = {
  'swap-entry': { tests: [] },
  'pagetable-core': { tests: rules('model', 'huge-rules', 'shmem-rules', 'zap-rules', 'arming-ideas') },
  'policy-uffd': {
    tests: rules(
      'uffd-calls',
      'move-edges',
      'move-rules',
      'recorded-rules',
      'uffd-rules',
      'fill-rules',
      'protect-rules',
      'arming-ideas',
      'shmem-rules',
      'hugetlb-rules',
      'huge-rules',
      'anomalies',
      'model',
      'pmd-sharing',
    ),
  },
  'policy-khugepaged': { tests: rules('collapse-counts', 'collapse-rules', 'huge-rules', 'huge-wp', 'anomalies', 'shmem-rules') },
}
