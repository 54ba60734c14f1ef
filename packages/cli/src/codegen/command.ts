import { runAgainWithTypes, runCodegen } from "@kysely-resilient/codegen-config"

import type { Command } from "../command.ts"

/** The same as kysely-resilient-codegen, which teaches itself. */
export const codegen: Command = {
  async run(args, { stdout, stderr }) {
    const output = {
      out: (line: string) => void stdout.write(`${line}\n`),
      err: (line: string) => void stderr.write(`${line}\n`),
    }
    return runAgainWithTypes() ?? (await runCodegen(args, output, "kysely-resilient codegen"))
  },
}
