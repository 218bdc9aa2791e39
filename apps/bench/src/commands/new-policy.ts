import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { oneOf } from '../names.ts'
import { TEMPLATE_SEAMS, writePolicyPackage } from '../new-policy/package.ts'

/** `faultline new-policy`: a package to begin with. */
export function addNewPolicy(program: Command, { terminal }: Context): void {
  program
    .command('new-policy')
    .description('write a package with a policy of your own, its test and a design, to be compared with ours')
    .argument('<name>', 'of the package, of its folder here and of the design')
    .requiredOption('--seam <seam>', `what it is a policy for: ${TEMPLATE_SEAMS.join(', ')}`)
    .action((name: string, { seam }: { seam: string }) => {
      writePolicyPackage(process.cwd(), name, oneOf('seam', seam, TEMPLATE_SEAMS))
      terminal.out.write(`wrote ${name}/: the policy is src/policy.ts

  cd ${name} && npm install && npm test
                     builds it, and tries every law of its seam
  npm run compare    the design beside Linux: what each loses, and what it costs
  npm run verify     random programs on both: the shortest that goes otherwise

`)
    })
}
