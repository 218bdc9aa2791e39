/**
 * The questions of can-i, put to a kernel that is recorded.
 * @module
 */
import { recordAnswers } from '@faultline/conformance'
import { linuxSystem } from '@faultline/linux'
import type { Recording } from '@faultline/program'
import { existingSysctl } from '../can-i/sysctl.ts'
import type { Subject } from './subject.ts'

/** Recordings by the names of their files: for somebody with all rights, and on this machine for nobody too. */
export async function answersOf(subject: Subject): Promise<readonly (readonly [string, Recording])[]> {
  const header = subject.header()
  const kernel = `linux-${header.kernel.split('.').slice(0, 2).join('.')}`
  const answers: [string, Recording][] = [
    [`${kernel}.jsonl`, { ...header, programs: await recordAnswers(subject.system, { privileged: true }) }],
  ]
  if (!subject.isHere) return answers
  const unprivileged = linuxSystem({ unprivileged: true })
  try {
    const programs = await recordAnswers(unprivileged, { privileged: false })
    const config = { ...header.config, ...existingSysctl(), user: 'nobody' }
    answers.push([`${kernel}-nobody.jsonl`, { ...header, config, programs }])
  } finally {
    await unprivileged.close()
  }
  return answers
}
