// Writes docs/selftests.md from the files of packages/conformance/scripts.
import { writeFileSync } from 'node:fs'
import { listNotExpressible, listScripts } from '../packages/conformance/src/load-scripts.ts'
import { selftestsPage } from '../packages/conformance/src/selftests-page.ts'

writeFileSync(new URL('../docs/selftests.md', import.meta.url), selftestsPage(listScripts(), listNotExpressible()))
