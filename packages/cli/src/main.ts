import { readFileSync } from "node:fs"

import { EXIT, type Command, type Surroundings } from "./command.ts"

interface Entry {
  readonly name: string
  /** One line for the list of all commands. */
  readonly summary: string
  /** Only what is asked for is loaded: a drill needs a whole PostgreSQL, and status should answer at once. */
  load(): Promise<Command>
}

/** A new command is a new folder and an entry here. */
const COMMANDS: readonly Entry[] = [
  {
    name: "status",
    summary: "asks a running application, or looks at a PostgreSQL itself: how is the database doing?",
    load: async () => (await import("./status/command.ts")).status,
  },
  {
    name: "watch",
    summary: "shows how the database of a running application is doing, as it happens",
    load: async () => (await import("./watch/command.ts")).watch,
  },
  {
    name: "doctor",
    summary: "looks at a PostgreSQL and the way to it, and says what may go wrong and what to do about it",
    load: async () => (await import("./doctor/command.ts")).doctor,
  },
  {
    name: "codegen",
    summary: "writes the TypeScript types of a database, or says how they differ from it: generate, verify, diff",
    load: async () => (await import("./codegen/command.ts")).codegen,
  },
  {
    name: "drill",
    summary: "hurts a PostgreSQL of its own under load, and proves that nothing was lost, done twice or left hanging",
    load: async () => (await import("./drill/command.ts")).drill,
  },
]

const NAME_WIDTH = Math.max(...COMMANDS.map(({ name }) => name.length))

const HELP = `Usage: kysely-resilient <command> [options]

Commands
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(NAME_WIDTH)}   ${summary}`).join("\n")}

Examples
  kysely-resilient status http://localhost:3000      How is the database of this application doing?
  kysely-resilient doctor --production               What may go wrong with the PostgreSQL of DATABASE_URL?
  kysely-resilient doctor --json | jq '.advice[]'    The same for a program
  kysely-resilient codegen verify                    Are the generated types still right? For CI

Environment
  DATABASE_URL, or PGHOST, PGUSER and their like     The database, where no address is given
  RESILIENCE_URL, RESILIENCE_TOKEN                   The application, for status and watch, and what it wants to see
  NO_COLOR, FORCE_COLOR                              No colours; colours also where the output is no terminal

Exit codes
  0   done, and all is well
  1   something is not as it should be
  2   the command was not understood; each command's help tells the rest

kysely-resilient <command> --help, or help <command>, tells what a command does and what can be turned.
kysely-resilient --version says which version this is.
`

/** Runs the command that the words name, and gives the exit code. */
export async function main(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const [name, ...args] = words
  const { stdout, stderr } = surroundings
  switch (name) {
    case undefined:
      stdout.write(HELP)
      return EXIT.misunderstood
    case "--version":
    case "-v":
    case "version":
      stdout.write(`${versionOfThis()}\n`)
      return EXIT.ok
    case "help":
    case "--help":
    case "-h":
      if (args[0] !== undefined) return main([args[0], "--help"], surroundings)
      stdout.write(HELP)
      return EXIT.ok
  }
  const command = COMMANDS.find((one) => one.name === name)
  if (command === undefined) {
    stderr.write(`kysely-resilient: ${await unknown(name)}\n`)
    return EXIT.misunderstood
  }
  return (await command.load()).run(args, surroundings)
}

async function unknown(word: string): Promise<string> {
  const { closest } = await import("@kysely-resilient/driver")
  const option = word.startsWith("-")
  const meant = closest(word, option ? ["--help", "--version"] : COMMANDS.map(({ name }) => name))
  const hint = meant === undefined ? "Try --help." : `Did you mean ${meant}?`
  return option ? `there is no option ${word} before a command. ${hint}` : `there is no command "${word}". ${hint}`
}

function versionOfThis(): string {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  )
  return manifest.version
}
