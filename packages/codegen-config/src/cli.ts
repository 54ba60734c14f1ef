import { access } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
import type { CodegenConfig } from "./config.ts"
import { CodegenError } from "./errors.ts"
import { generate } from "./generate.ts"
import { report, verify } from "./verify.ts"

const usage = `Usage: kysely-resilient-codegen generate|verify [--config path]

  generate   read the database and write the types of its tables
  verify     compare the file with the database; exit code 1 and what differs, if something does

  --config   the configuration file, default ./codegen.config.ts; its default export is what defineCodegen() gives`

/** Where the answer goes. */
export interface Output {
  readonly out: (line: string) => void
  readonly err: (line: string) => void
}

/**
 * Runs one command and gives the exit code: 0: done; 1: the file is not what the database says, or it could not be
 * found out; 2: not a command.
 */
export async function run(argv: readonly string[], output: Output): Promise<0 | 1 | 2> {
  const command = parse(argv)
  if ("problem" in command) {
    output.err(`${command.problem}\n\n${usage}`)
    return 2
  }
  if (command.name === "help") {
    output.out(usage)
    return 0
  }
  try {
    return command.name === "generate" ? await write(command.config, output) : await compare(command.config, output)
  } catch (error) {
    if (!(error instanceof CodegenError)) throw error
    output.err(error.message)
    return 1
  }
}

type Command =
  | { readonly name: "generate" | "verify"; readonly config: string }
  | { readonly name: "help" }
  | { readonly problem: string }

function parse(argv: readonly string[]): Command {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { config: { type: "string", default: "codegen.config.ts" }, help: { type: "boolean", short: "h" } },
    })
    const [name, ...others] = positionals
    if (values.help) return { name: "help" }
    if (name === undefined) return { problem: "Say what to do: generate or verify" }
    if (name !== "generate" && name !== "verify") return { problem: `${name} is not a command` }
    if (others.length > 0) return { problem: `Too many arguments: ${others.join(" ")}` }
    return { name, config: values.config }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

async function write(configFile: string, { out }: Output): Promise<0> {
  const { outFile, hash, tables, changed } = await generate(await loadConfig(configFile), {
    folder: dirname(resolve(configFile)),
  })
  out(`${outFile} ${changed ? "was written" : "was already up to date"}: ${tables} tables and views (${hash})`)
  return 0
}

async function compare(configFile: string, { out, err }: Output): Promise<0 | 1> {
  const verification = await verify(await loadConfig(configFile), { folder: dirname(resolve(configFile)) })
  const current = verification.state === "current"
  ;(current ? out : err)(report(verification))
  return current ? 0 : 1
}

/**
 * Node itself runs the file: it strips types, and needs neither a compiler nor a loader. `generate` checks what it
 * exports.
 */
async function loadConfig(file: string): Promise<CodegenConfig> {
  const path = resolve(file)
  try {
    await access(path)
  } catch {
    throw new CodegenError(`There is no configuration file at ${path}. Write one, or name another with --config`)
  }
  const module: { readonly default?: CodegenConfig } = await import(pathToFileURL(path).href)
  if (module.default === undefined)
    throw new CodegenError(`${path} has no default export: export default defineCodegen({ … })`)
  return module.default
}
