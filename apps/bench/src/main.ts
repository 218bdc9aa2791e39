/**
 * Runs the `faultline` command with the given arguments (without node and script) and answers with its exit code.
 */
export async function main(args: string[]): Promise<number> {
  console.error(`faultline: unknown command '${args[0] ?? ''}'`)
  return 2
}
