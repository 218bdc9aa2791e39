/**
 * The clock of the model's side.
 * @module
 */

/** Work shorter than this is timed by the wall clock alone: the CPU clock counts whole microseconds. */
const SHORT_NS = 100_000

/**
 * Runs work and says how long it took, in ns: on the CPU, so that what other processes take of a busy machine does not count.
 *
 * The CPU clock of a Node process includes its helper threads (compiler, garbage collector), the wall clock includes pauses: neither is
 * less than the work took, so the smaller one counts.
 */
export function onCpu(work: () => void): number {
  const cpu = process.cpuUsage()
  const began = process.hrtime.bigint()
  work()
  const wall = Number(process.hrtime.bigint() - began)
  if (wall < SHORT_NS) return wall
  const { user, system } = process.cpuUsage(cpu)
  return Math.min(wall, (user + system) * 1000)
}

/** The same for work that waits for files. */
export async function onCpuAsync(work: () => Promise<void>): Promise<number> {
  const cpu = process.cpuUsage()
  const began = process.hrtime.bigint()
  await work()
  const wall = Number(process.hrtime.bigint() - began)
  const { user, system } = process.cpuUsage(cpu)
  return Math.min(wall, (user + system) * 1000)
}

/** The same, and how much of it the operating system took: for work of milliseconds, since the system splits what it counted in coarse steps. */
export function onCpuApart(work: () => void): { ns: number; system: number } {
  const cpu = process.cpuUsage()
  const ns = onCpu(work)
  return { ns, system: Math.min(ns, process.cpuUsage(cpu).system * 1000) }
}
