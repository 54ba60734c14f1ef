import { runCodegen } from "@kysely-resilient/codegen-config"

import type { Command } from "../command.ts"

/** The same as kysely-resilient-codegen, which teaches itself. */
export const codegen: Command = {
  name: "codegen",
  summary: "writes the TypeScript types of a database, or says how they differ from it: generate, verify, diff",
  run(args, { stdout, stderr }) {
    return runCodegen(args, {
      out: (line) => void stdout.write(`${line}\n`),
      err: (line) => void stderr.write(`${line}\n`),
    })
  },
}
