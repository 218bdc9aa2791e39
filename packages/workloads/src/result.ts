/**
 * What one run of a workload gives: one row of a comparison.
 * @module
 */
import type { Memory, SyncSession } from '@faultline/program'
import { PROCESS } from './calls.ts'
import type { Verdict } from './truth.ts'

/** Page faults by what they were. */
export interface FaultCounts {
  /** All, including those that were served twice because of a message. */
  readonly total: number
  readonly missing: number
  readonly minor: number
  readonly wp: number
  readonly cow: number
  readonly swapIn: number
  readonly marker: number
  readonly spurious: number
}

/** What a design did to a workload, judged and counted. Plain data: the same inputs give the same bytes of JSON. */
export interface WorkloadResult extends Verdict {
  readonly workload: string
  readonly design: string
  readonly memory: Memory
  readonly seed: number
  /** Loads and copies that saw something else than was stored last. */
  readonly corrupted: number
  /** Accesses that never succeeded. */
  readonly stuck: number
  /** Epochs the tracker went through; 1 for a snapshot. */
  readonly epochs: number
  /** Most page-table bytes at the end of an epoch. */
  readonly pageTableBytes: number
  /** userfaultfd messages sent. */
  readonly messages: number
  /** SIGSEGV and SIGBUS delivered. */
  readonly signals: number
  /** Most mappings of the program at the end of any call. */
  readonly peakVmas: number
  readonly faults: FaultCounts
  readonly tlbFlushes: number
  readonly steps: number
  /** All counters of the session. */
  readonly counters: Readonly<Record<string, number>>
  /** Pages the snapshot holds; only of snapshots. */
  readonly copied?: number
  /** Of those, copied because a thread was about to write. */
  readonly copiedBeforeWrite?: number
}

/** A design that cannot run a workload, and why. */
export interface UnsupportedResult {
  readonly workload: string
  readonly design: string
  readonly memory: Memory
  readonly seed: number
  readonly unsupported: string
}

type SessionCosts = Pick<WorkloadResult, 'messages' | 'signals' | 'peakVmas' | 'faults' | 'tlbFlushes' | 'steps' | 'counters'>

/** The fields every result takes from the session it ran on. */
export function sessionCosts(session: SyncSession): SessionCosts {
  const counters = { ...session.counters() }
  const count = (name: string) => counters[name] ?? 0
  return {
    messages: count('messages'),
    signals: count('signals'),
    peakVmas: session.vmas(PROCESS).peak,
    faults: {
      total: count('faults'),
      missing: count('faultsMissing'),
      minor: count('faultsMinor'),
      wp: count('faultsWp'),
      cow: count('faultsCow'),
      swapIn: count('faultsSwapIn'),
      marker: count('faultsMarker'),
      spurious: count('faultsSpurious'),
    },
    tlbFlushes: count('tlbFlushes'),
    steps: count('steps'),
    counters,
  }
}
