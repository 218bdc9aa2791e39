import { anonBackend } from '@faultline/backend-anon'
import { createHugetlbBackend } from '@faultline/backend-hugetlb'
import { shmemBackend } from '@faultline/backend-shmem'
import * as designs from '@faultline/designs'
import * as khugepaged from '@faultline/policy-khugepaged'
import { softDirtyTracker } from '@faultline/policy-soft-dirty'
import * as uffd from '@faultline/policy-uffd'
import * as swap from '@faultline/swap-entry'
import { describe, expect, test } from 'vitest'
import { casesFor, type Seam, type SeamPolicies, suiteFor, type TestFunction } from './index.ts'

interface Ours<S extends Seam> {
  readonly policy: SeamPolicies[S] | (() => SeamPolicies[S])
  /** Laws that it is there to break. */
  readonly skip?: Readonly<Record<string, string>>
}

const BLIND = 'a negative control: it looks at no bit'
const OLD_RETRACTION = 'a negative control: what Linux did before 5.19'
const FLUSH_BUG = 'the bug of Linux 5.9 to 5.11: a store goes by a stale translation to a page that has been copied'

/** Every implementation that Faultline comes with. */
const OURS: { readonly [S in Seam]: readonly Ours<S>[] } = {
  encoding: [swap.noMarker, swap.specialPte, swap.swapType1, swap.pteMarker, swap.pteMarkerNoWp].map((policy) => ({ policy })),
  arming: [
    { policy: uffd.skip, skip: { 'first-writes': 'nothing that is empty is armed', 'like-markers': 'nothing that is empty is armed' } },
    ...[uffd.zeroPage, uffd.hugeZeroPage, uffd.pteMarkers, uffd.pmdMarkers, uffd.pudMarkers, uffd.twoMarkers].map((policy) => ({ policy })),
  ],
  collapse: [
    { policy: khugepaged.never },
    { policy: khugepaged.perPte },
    { policy: khugepaged.perVma, skip: { 'missing-pages': 'the patch asked for write-protection and minor faults only' } },
    { policy: khugepaged.retractAlways, skip: { 'keeps-tables': OLD_RETRACTION, 'protection-of-files': OLD_RETRACTION } },
    {
      policy: khugepaged.blind,
      skip: {
        'armed-pages': BLIND,
        'missing-pages': BLIND,
        'keeps-tables': BLIND,
        'protection-stays': BLIND,
        'protection-of-files': BLIND,
      },
    },
  ],
  zap: [
    { policy: designs.zapKept },
    { policy: designs.zapKeptOverTruncate },
    { policy: designs.zapDropped, skip: { 'erased-entries': 'the bit dies with the entry' } },
  ],
  hugeWp: [
    { policy: designs.splitOnWrite },
    { policy: designs.splitWhenArmed },
    { policy: designs.wholePage, skip: { 'one-page': 'all 512 are reported' } },
  ],
  pmdSharing: [
    { policy: designs.unsharedAtRegister },
    { policy: designs.sharingForbidden },
    {
      policy: designs.sharedRegardless,
      skip: { 'own-protection': 'tables stay shared under watch', 'both-watch': 'tables stay shared under watch' },
    },
    { policy: designs.sharedUntilProtected, skip: { protects: 'the call that should protect lets go of the table instead' } },
  ],
  tracker: [uffd.uffdWpSync, uffd.uffdWpAsync, uffd.ideal, softDirtyTracker, designs.mprotectSigsegv.tracker].map((policy) => ({ policy })),
  tlb: [
    ...[designs.flushPerPte, designs.flushBatched, designs.flushDeferred57].map((policy) => ({ policy })),
    { policy: designs.flushDeferred, skip: { 'unprotect-only': FLUSH_BUG, 'protect-unprotect': FLUSH_BUG, 'clear-soft-dirty': FLUSH_BUG } },
    { policy: designs.flushDeferredKeepsWrite, skip: { 'protect-unprotect': FLUSH_BUG, 'clear-soft-dirty': FLUSH_BUG } },
    ...[designs.flushDeferredFixed, designs.flushDeferred519, designs.flushDeferred62].map((policy) => ({ policy })),
  ],
  backend: [{ policy: anonBackend }, { policy: shmemBackend }, { policy: () => createHugetlbBackend() }],
}

/** With time enough for the races, of which some take every one of millions of orders. */
const patient: TestFunction = Object.assign((name: string, body: () => void | Promise<void>) => test(name, { timeout: 120_000 }, body), {
  skip: test.skip,
})

for (const seam of Object.keys(OURS) as Seam[]) {
  for (const { policy, skip } of OURS[seam] as readonly Ours<Seam>[]) {
    const make = typeof policy === 'function' ? (policy as () => { name: string }) : () => policy as { name: string }
    describe(`${seam} ${make().name}`, () => {
      suiteFor[seam as 'arming']({ test: patient, policy: policy as SeamPolicies['arming'], skip })

      test.each(Object.keys(skip ?? {}))('the skip of %s is not stale: the law is broken', async (name) => {
        const one = casesFor[seam as 'arming'](make as unknown as () => SeamPolicies['arming']).find((each) => each.name === name)!
        await expect((async () => one.run())()).rejects.toThrow()
      })
    })
  }
}
