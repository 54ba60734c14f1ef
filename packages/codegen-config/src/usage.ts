/** What `--help` prints, of the program under the name that it was called by. */
export function usageOf(program: string): string {
  return `Usage: ${program} <command> [--config path]

Reads a PostgreSQL database and writes the TypeScript that its queries are checked with: the types of tables, the names
of constraints, and how values are read.

Commands
  generate   write the file
  verify     compare the file with the database and say what differs, by name; for CI
  diff       say what generate would change, and change nothing

Options
  --config   the configuration file; default ./codegen.config.ts
  --help     this text

Exit codes
  0   done; verify: the file is right; diff: nothing would change
  1   verify: something differs; diff: something would change
  2   the command or the configuration is wrong
  3   the database cannot be reached or read, or no file can be made of what it has

The configuration exports what defineCodegen() gives. This is enough:

  // codegen.config.ts
  import { defineCodegen } from "@kysely-resilient/codegen-config"

  export default defineCodegen({ outFile: "./src/schema.gen.ts" })

The database is the one that DATABASE_URL names, or PGHOST, PGUSER and their like, or "connection" in the configuration.
Node runs the configuration as it is (22.12 or later); nothing has to be compiled first.`
}
