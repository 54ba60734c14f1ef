import { closest } from "@kysely-resilient/driver"
import { parseArgs, type ParseArgsOptionsConfig } from "node:util"

/** What a command was told, or what is wrong with it in one line. */
export type Told<O extends ParseArgsOptionsConfig> =
  | { readonly ok: true; readonly values: Values<O>; readonly words: readonly string[] }
  | { readonly ok: false; readonly message: string }

type Values<O extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: O; allowPositionals: true }>
>["values"]

/**
 * Reads the words behind a command.
 *
 * @param wordsMax how many of them need not be flags
 */
export function readFlags<const O extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: O,
  wordsMax = 0,
): Told<O> {
  // A package manager may hand its own "--" through.
  const given = args[0] === "--" ? args.slice(1) : [...args]
  try {
    const { values, positionals } = parseArgs({ args: given, options, allowPositionals: true })
    const surplus = positionals[wordsMax]
    return surplus === undefined
      ? { ok: true, values, words: positionals }
      : { ok: false, message: `"${surplus}" is one word too many` }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const incomplete = /^Option '(--\S+?)(?: <value>)?' argument (missing|is ambiguous)/.exec(message)
    if (incomplete !== null) {
      const [, flag = "", how] = incomplete
      return {
        ok: false,
        message: `${flag} needs a value${how === "missing" ? "" : `; one that begins with "-" is written ${flag}=-…`}`,
      }
    }
    const unknown = /^Unknown option '-{1,2}([^']+)'/.exec(message)?.[1]
    if (unknown === undefined) return { ok: false, message: message.split(/\.\s/)[0] ?? message }
    const meant = closest(unknown, Object.keys(options))
    return {
      ok: false,
      message: `There is no option --${unknown}${meant === undefined ? "" : ` (did you mean --${meant}?)`}`,
    }
  }
}

/** A whole number within its limits; undefined if it was not given. */
export function wholeNumber(text: string | undefined, least: number, most: number): number | "bad" | undefined {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text)) return "bad"
  const value = Number(text)
  return value >= least && value <= most ? value : "bad"
}

export function mustBeWhole(flag: string, given: string | undefined, least: number, most: number): string {
  return `${flag} must be a whole number from ${least} to ${most}, not "${given}"`
}
