import { EXIT, type Command, type Surroundings } from "./command.ts"

/** What the words behind a command come to. */
export type Parsed<F> =
  | { readonly action: "run"; readonly flags: F }
  | { readonly action: "help" }
  | { readonly action: "refuse"; readonly message: string }

/** A command that teaches itself: help where it is asked for, and what is wrong with the words, with where to read more. */
export function taught<F>(
  name: string,
  help: string,
  parse: (args: readonly string[], env: Surroundings["env"]) => Parsed<F>,
  perform: (flags: F, surroundings: Surroundings) => Promise<number>,
): Command {
  return {
    async run(args, surroundings) {
      const parsed = parse(args, surroundings.env)
      switch (parsed.action) {
        case "help":
          surroundings.stdout.write(help)
          return EXIT.ok
        case "refuse":
          return refuse(name, parsed.message, surroundings)
        case "run":
          return perform(parsed.flags, surroundings)
      }
    },
  }
}

export function refuse(name: string, reason: string, { stderr }: Surroundings): number {
  const end = /[.?!\n]$/.test(reason) ? "" : "."
  stderr.write(`${name}: ${reason}${end}\nTry kysely-resilient ${name} --help\n`)
  return EXIT.misunderstood
}
