import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** How far back a statement is looked at. */
const CHARACTERS_MAX = 2_000

/**
 * Does the statement with this call begin with `void`? No program can see that of itself, so its source is read, where there is one:
 * it is asked only of what would be reported.
 *
 * @param callSite `file:///app/src/users.ts:12:34`
 */
export function isVoided(callSite: string): boolean {
  const place = /^(?<file>.+):(?<line>\d+):(?<column>\d+)$/.exec(callSite)?.groups
  if (place === undefined) return false
  const before = sourceBefore(place["file"] ?? "", Number(place["line"]), Number(place["column"]))
  return before !== undefined && endsInVoid(before)
}

function sourceBefore(file: string, line: number, column: number): string | undefined {
  try {
    const lines = readFileSync(file.startsWith("file:") ? fileURLToPath(file) : file, "utf8").split("\n")
    const above = lines.slice(Math.max(0, line - 40), line - 1)
    return [...above, (lines[line - 1] ?? "").slice(0, column - 1)].join("\n").slice(-CHARACTERS_MAX)
  } catch {
    return undefined
  }
}

/** `void db.`, `=> void query.$call(db.`, `void Promise.all([a, db.`; where a line ends, what comes next must belong to it. */
export function endsInVoid(before: string): boolean {
  const statement = before.slice(Math.max(...[";", "{", "}"].map((end) => before.lastIndexOf(end))) + 1)
  const from = statement.search(/(?<![\w$.])void\s(?!.*(?<![\w$.])void\s)/s)
  if (from === -1) return false
  const rest = statement.slice(from)
  return openBrackets(rest) > 0 || !/\n\s*[^.)\]\s]/.test(rest)
}

function openBrackets(text: string): number {
  const opened = text.match(/[([]/g)?.length ?? 0
  const closed = text.match(/[)\]]/g)?.length ?? 0
  return opened - closed
}
