/**
 * The questions of can-i, put to a kernel that is recorded.
 * @module
 */
import { recordAnswers } from '@faultline/conformance'
import type { Recording } from '@faultline/program'
import type { Subject } from './subject.ts'

/** Recordings by the names of their files: what is answered to somebody with all rights, and to nobody. */
export async function answersOf(subject: Subject): Promise<readonly (readonly [string, Recording])[]> {
  const header = subject.header()
  const kernel = `linux-${header.kernel.split('.').slice(0, 2).join('.')}`
  const root = await recordAnswers(subject.system, { privileged: true })
  const unprivileged = subject.unprivileged()
  try {
    const nobody = await recordAnswers(unprivileged, { privileged: false })
    const config = { ...header.config, ...subject.sysctl, user: 'nobody' }
    return [
      [`${kernel}.jsonl`, { ...header, programs: root }],
      [`${kernel}-nobody.jsonl`, { ...header, config, programs: nobody }],
    ]
  } finally {
    await unprivileged.close()
  }
}
