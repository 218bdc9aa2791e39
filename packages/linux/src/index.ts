export { cacheDirectory } from './cache-directory.ts'
export { type CProgram, compileC } from './compile.ts'
export { type Check, canBeAsked, doctor } from './doctor.ts'
export { helperBinary, helperSource } from './helper-binary.ts'
export { type LinuxOptions, type LinuxSystem, linuxSystem } from './linux-system.ts'
export {
  type Change,
  describeChange,
  type PoolChange,
  type SettingChange,
  type SwapFileChange,
} from './machine-changes.ts'
export { type MachineNeeds, planMachine } from './machine-plan.ts'
export { type PreparedMachine, prepareMachine, recoverMachine, type SetupOptions } from './machine-setup.ts'
export { recordingHeader, recordProgram, versionOf } from './recording.ts'
export { freeGiganticPages, freeHugePages, swapAreas } from './settings.ts'
export { fetchKernel } from './vm/fetch.ts'
export { type Emulator, type FetchedKernel, fetchedKernel, findEmulator, OLD_KERNELS, type OldKernel } from './vm/kernels.ts'
export { fetchCommand, type VmOptions, vmSystem } from './vm/vm-system.ts'
