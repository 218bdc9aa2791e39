/**
 * Where this package keeps what it makes: the compiled helper, and the note of what it changed on the machine.
 * @module
 */
import { mkdirSync } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/**
 * The cache directory, made when it is not there: `$XDG_CACHE_HOME/faultline`, else `~/.cache/faultline`, else one of this user's
 * own in the directory for temporary files.
 */
export function cacheDirectory(): string {
  const home = homedir()
  const choices = [process.env.XDG_CACHE_HOME, home && join(home, '.cache')].filter((base): base is string => Boolean(base))
  for (const base of choices) {
    const directory = join(base, 'faultline')
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      return directory
    } catch {
      // A home that cannot be written to: try the next place.
    }
  }
  const directory = join(tmpdir(), `faultline-${userInfo().uid}`)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return directory
}
