/** What a third party would publish: a policy, and a design that is Linux 6.4 but for it. */
import { linux64 } from '@faultline/designs'
import type { ArmingPolicy, Design } from '@faultline/mm-types'

const marking = linux64.arming.anonUnpopulated

export const firstHalf: ArmingPolicy = {
  ...marking,
  name: 'first-half',
  armNone: (lo, hi, from, to, context) => marking.armNone(lo, hi, from, Math.min(to, from - (from % 512) + 256), context),
  source: 'a test',
}

export const mine: Design = {
  ...linux64,
  name: 'first-half',
  title: 'arms one half of each table',
  status: 'model only',
  arming: { ...linux64.arming, anonUnpopulated: firstHalf },
}
