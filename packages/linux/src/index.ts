export { cacheDirectory } from './cache-directory.ts'
export { helperBinary, helperSource } from './helper-binary.ts'
export { type LinuxOptions, type LinuxSystem, linuxSystem } from './linux-system.ts'
