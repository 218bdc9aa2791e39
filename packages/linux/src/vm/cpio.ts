/**
 * Archives in the format `cpio newc`, which a kernel unpacks at boot as its first root file system.
 * @module
 */

/** One entry of an archive. Folders come before what lies in them. */
export interface ArchiveEntry {
  readonly path: string
  /** A folder has none. */
  readonly content?: Uint8Array
  readonly executable?: boolean
}

const MAGIC = '070701'
const DIRECTORY = 0o040755
const REGULAR = 0o100644
const EXECUTABLE = 0o100755
/** The name that ends an archive. */
const TRAILER = 'TRAILER!!!'
const ALIGNMENT = 4
const NOTHING = new Uint8Array()

/**
 * The archive of some files.
 * @source Documentation/driver-api/early-userspace/buffer-format.rst
 */
export function cpioArchive(entries: readonly ArchiveEntry[]): Buffer {
  const members = entries.flatMap(({ path, content, executable }, index) => {
    const mode = content === undefined ? DIRECTORY : executable ? EXECUTABLE : REGULAR
    return member(path, index + 1, mode, content ?? NOTHING)
  })
  return Buffer.concat([...members, ...member(TRAILER, 0, 0, NOTHING)])
}

/** Header, name and content, the last two filled up to a multiple of four bytes. */
function member(path: string, inode: number, mode: number, content: Uint8Array): Uint8Array[] {
  const name = Buffer.from(`${path}\0`)
  const [uid, gid, links, time, major, minor, check] = [0, 0, 1, 0, 0, 0, 0]
  const fields = [inode, mode, uid, gid, links, time, content.length, major, minor, major, minor, name.length, check]
  const header = Buffer.from(MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join(''))
  return [header, name, filler(header.length + name.length), content, filler(content.length)]
}

function filler(length: number): Uint8Array {
  return new Uint8Array((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT)
}
