import { closest } from "@kysely-resilient/driver"

import { codegen } from "./codegen/command.ts"
import { EXIT, type Command, type Surroundings } from "./command.ts"
import { doctor } from "./doctor/command.ts"
import { drill } from "./drill/command.ts"
import { status } from "./status/command.ts"
import { watch } from "./watch/command.ts"

/** A new command is a new folder and a line here. */
const COMMANDS: readonly Command[] = [status, watch, doctor, codegen, drill]

const NAME_WIDTH = Math.max(...COMMANDS.map(({ name }) => name.length))

const HELP = `Usage: kysely-resilient <command> [options]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(NAME_WIDTH)}   ${summary}`).join("\n")}

kysely-resilient <command> --help tells what a command does and what can be turned.
`

/** Runs the command that the words name, and gives the exit code. */
export async function main(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const [name, ...args] = words
  const { stdout, stderr } = surroundings
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    stdout.write(HELP)
    return name === undefined ? EXIT.misunderstood : EXIT.ok
  }
  const command = COMMANDS.find((one) => one.name === name)
  if (command === undefined) {
    const meant = closest(
      name,
      COMMANDS.map((one) => one.name),
    )
    const hint = meant === undefined ? "Try --help." : `Did you mean ${meant}?`
    stderr.write(`kysely-resilient: there is no command "${name}". ${hint}\n`)
    return EXIT.misunderstood
  }
  return command.run(args, surroundings)
}
