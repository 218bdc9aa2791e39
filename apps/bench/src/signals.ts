import { EXIT_INTERRUPTED } from './errors.ts'

/**
 * Ends at once on Ctrl-C, with nothing half-written: files are written whole within one turn of the event loop.
 *
 * A reader that goes away (`faultline traces | head -1`) is no error; a full disk under stdout is.
 */
export function handleSignals(): void {
  process.once('SIGINT', () => {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
    process.stderr.write('faultline: interrupted; nothing more was written\n')
    process.exit(EXIT_INTERRUPTED)
  })
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    process.stderr.write(`faultline: cannot write to standard output: ${error.message}\n`)
    process.exit(2)
  })
}
