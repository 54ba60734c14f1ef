import { closest } from "@kysely-resilient/driver"
import { access } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
import type { CodegenConfig } from "./config.ts"
import { diff, diffReport } from "./diff.ts"
import { CodegenConfigError, CodegenError } from "./errors.ts"
import { generate } from "./generate.ts"
import { usageOf } from "./usage.ts"
import { report, verify } from "./verify.ts"

/** Where the answer goes. */
export interface Output {
  readonly out: (line: string) => void
  readonly err: (line: string) => void
}

/** 0: done, nothing differs. 1: something differs. 2: a wrong command or configuration. 3: the database does not serve. */
export type ExitCode = 0 | 1 | 2 | 3

/** Runs one command and gives the exit code. `program` is what it is called by, for its help. */
export async function run(
  argv: readonly string[],
  output: Output,
  program = "kysely-resilient-codegen",
): Promise<ExitCode> {
  const command = parse(argv)
  if ("problem" in command) {
    output.err(`${command.problem}\n\n${usageOf(program)}`)
    return 2
  }
  if (command.name === "help") {
    output.out(usageOf(program))
    return 0
  }
  try {
    return await commands[command.name](command.config, output)
  } catch (error) {
    if (!(error instanceof CodegenError)) throw error
    output.err(error.message)
    return error instanceof CodegenConfigError ? 2 : 3
  }
}

type CommandName = "generate" | "verify" | "diff"

type Command =
  | { readonly name: CommandName; readonly config: string }
  | { readonly name: "help" }
  | { readonly problem: string }

const OPTIONS = {
  config: { type: "string", default: "codegen.config.ts" },
  help: { type: "boolean", short: "h" },
} as const

const commands: Readonly<Record<CommandName, (configFile: string, output: Output) => Promise<ExitCode>>> = {
  generate: async (configFile, { out }) => {
    const { outFile, hash, tables, changed } = await generate(await loadConfig(configFile), folderOf(configFile))
    out(`${outFile} ${changed ? "was written" : "was already up to date"}: ${tables} tables and views (${hash})`)
    return 0
  },
  verify: async (configFile, { out, err }) => {
    const verification = await verify(await loadConfig(configFile), folderOf(configFile))
    const current = verification.state === "current"
    ;(current ? out : err)(report(verification))
    return current ? 0 : 1
  },
  diff: async (configFile, { out }) => {
    const found = await diff(await loadConfig(configFile), folderOf(configFile))
    out(diffReport(found))
    return found.changed ? 1 : 0
  },
}

function parse(argv: readonly string[]): Command {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: OPTIONS,
    })
    const [name, ...others] = positionals
    if (values.help) return { name: "help" }
    if (name === undefined) return { problem: "Say what to do: generate, verify or diff" }
    if (!isCommand(name)) return { problem: `${name} is not a command${meant(name, Object.keys(commands))}` }
    if (others.length > 0) return { problem: `Too many arguments: ${others.join(" ")}` }
    return { name, config: values.config }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const unknown = /^Unknown option '-{1,2}([^']+)'/.exec(message)?.[1]
    if (unknown === undefined) return { problem: message }
    return { problem: `There is no option --${unknown}${meant(unknown, Object.keys(OPTIONS), "--")}` }
  }
}

function meant(word: string, words: readonly string[], before = ""): string {
  const near = closest(word, words)
  return near === undefined ? "" : ` (did you mean ${before}${near}?)`
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name)
}

function folderOf(configFile: string): { readonly folder: string } {
  return { folder: dirname(resolve(configFile)) }
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
    throw new CodegenConfigError([
      `there is no configuration file at ${path}: write one, or name another with --config`,
    ])
  }
  const module = await importConfig(path)
  if (module.default === undefined) {
    throw new CodegenConfigError([`${path} has no default export: export default defineCodegen({ … })`])
  }
  return module.default
}

async function importConfig(path: string): Promise<{ readonly default?: CodegenConfig }> {
  try {
    const module: { readonly default?: CodegenConfig } = await import(pathToFileURL(path).href)
    return module
  } catch (error) {
    if (error instanceof CodegenError) throw error
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    throw new CodegenConfigError([`${path} cannot be run: ${reason}`])
  }
}
