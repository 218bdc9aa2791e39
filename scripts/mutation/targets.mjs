// The packages whose tests are tested, and which tests of other packages are there to hold them. Kept to those that are quick: every change is
// tried against each test that reaches it.
export const TARGETS = {
  'swap-entry': { tests: [] },
  'pagetable-core': { tests: [] },
  'policy-uffd': { tests: [] },
  'policy-khugepaged': { tests: [] },
}
