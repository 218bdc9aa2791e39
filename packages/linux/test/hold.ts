// Changes the setting named by its argument from old to new, says so, and waits until a signal ends it.
import { holdChanges } from '../src/machine-setup.ts'

const path = process.argv[2]!
holdChanges(
  () => [[], [{ kind: 'setting', path, value: 'new', before: 'old' }]],
  (line) => process.stdout.write(`${line}\n`),
)
setInterval(() => {}, 1000)
