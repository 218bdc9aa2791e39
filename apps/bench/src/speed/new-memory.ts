/**
 * What buffers cost that the process never had before, without any model: the operating system maps and zeroes each of their pages when
 * it is touched, and V8 collects garbage each time that buffers have grown by some 64 MiB.
 * @module
 */

const BYTES_PER_PAGE = 4096
const SMALL_BUFFER = 2 ** 16
const LARGE_BUFFER = 2 ** 21
/** What has less than this grows by small chunks. */
const LEAST_LARGE = 2 ** 26

/** Makes new buffers of so many bytes and touches each of their pages. @returns the buffers: who drops them gives them to the next who asks for some */
export function touchNewMemory(bytes: number): readonly Int32Array[] {
  const length = bytes < LEAST_LARGE ? SMALL_BUFFER : LARGE_BUFFER
  const buffers: Int32Array[] = []
  for (let done = 0; done < bytes; done += length) {
    const buffer = new Int32Array(length / 4)
    for (let word = 0; word < buffer.length; word += BYTES_PER_PAGE / 4) buffer[word] = 1
    buffers.push(buffer)
  }
  return buffers
}
