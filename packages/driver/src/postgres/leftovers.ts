import type { Lexeme } from "./transaction-control.ts"

/**
 * What a statement may leave in its session for whoever uses it next, as far as its text tells. Each of them includes
 * those before.
 *
 * - `nothing`
 * - `state`: settings, a role, channels, session locks, temporary tables, cursors that are held
 * - `statements`: statements that SQL's own PREPARE has named
 * - `lasting`: what only the end of the session undoes
 */
export type Leftovers = "nothing" | "state" | "statements" | "lasting"

const ORDER: readonly Leftovers[] = ["nothing", "state", "statements", "lasting"]

export function worse(a: Leftovers, b: Leftovers): Leftovers {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b
}

/**
 * Commands that leave nothing by themselves; what their functions leave is seen by the names of these. Whatever is not here
 * may leave something: a command that nobody has looked at, and one that runs what cannot be seen (DO, CALL, EXECUTE).
 */
const LEAVE_NOTHING: ReadonlySet<string> = new Set(
  (
    "SELECT VALUES TABLE WITH SHOW INSERT UPDATE DELETE MERGE TRUNCATE COPY EXPLAIN LOCK ANALYZE ANALYSE VACUUM REINDEX CLUSTER " +
    "CHECKPOINT COMMENT GRANT REVOKE NOTIFY ALTER DROP REFRESH IMPORT REASSIGN SECURITY BEGIN START COMMIT END ROLLBACK ABORT " +
    "SAVEPOINT RELEASE DECLARE FETCH MOVE CLOSE"
  ).split(" "),
)

/** What the command itself leaves, by its first lexemes. */
export function leftByCommand(lead: readonly Lexeme[]): Leftovers {
  const first = lead[0]?.keyword ?? ""
  const second = lead[1]?.keyword ?? ""
  // An empty statement has none.
  if (lead.length === 0 || LEAVE_NOTHING.has(first)) return "nothing"
  switch (first) {
    case "CREATE":
      return createsTemporary(lead) ? "state" : "nothing"
    case "SET":
      if (second === "LOCAL" || second === "TRANSACTION" || second === "CONSTRAINTS") return "nothing"
      return second === "SEED" ? "lasting" : "state"
    case "PREPARE":
      return second === "TRANSACTION" ? "nothing" : "statements"
    case "DEALLOCATE":
      return "statements"
    case "DISCARD":
      return second === "ALL" ? "statements" : "state"
    case "LOAD":
      return "lasting"
    default:
      return "state"
  }
}

/** CREATE [OR REPLACE] [LOCAL | GLOBAL] TEMP or TEMPORARY. */
function createsTemporary(lead: readonly Lexeme[]): boolean {
  let at = lead[1]?.keyword === "OR" ? 3 : 1
  const scope = lead[at]?.keyword
  if (scope === "LOCAL" || scope === "GLOBAL") at += 1
  return isTemporary(lead[at]?.keyword)
}

function isTemporary(keyword: string | undefined): boolean {
  return keyword === "TEMP" || keyword === "TEMPORARY"
}

/** A lock of the session, not of the transaction; and giving one up that somebody else may have counted on. */
const STATE_FUNCTION = /^(?:set_config|set_limit|pg_(?:try_)?advisory_(?:un)?lock(?:_shared|_all)?)$/

/** A connection of its own, an origin of replication, and the seed of random(), which cannot be forgotten. */
const LASTING_FUNCTION = /^(?:setseed|dblink_connect(?:_u)?|pg_replication_origin_session_setup)$/

/** Watches the lexemes of one statement for what leaves something. Calls are seen by their names, whatever calls what. */
export class LeftoversReader {
  readonly #recent: [Lexeme | undefined, Lexeme | undefined] = [undefined, undefined]
  /** In which parentheses the arguments of a `set_config` stand. */
  readonly #settings: number[] = []
  #depth = 0
  #creates = false
  #found: Leftovers = "nothing"

  get found(): Leftovers {
    return this.#found
  }

  read(lexeme: Lexeme): void {
    const [before, previous] = this.#recent
    if (previous === undefined) this.#creates = lexeme.keyword === "CREATE"
    this.#recent[0] = previous
    this.#recent[1] = lexeme
    if (lexeme.text === "(") this.#opens(previous)
    else if (lexeme.text === ")") this.#closes(before, previous)
    else if (isTemporary(lexeme.keyword)) {
      const scope = previous?.keyword === "LOCAL" || previous?.keyword === "GLOBAL" ? before : previous
      if (scope?.keyword === "INTO") this.#note("state")
    } else if (lexeme.keyword === "HOLD") {
      if (previous?.keyword === "WITH") this.#note("state")
    } else if (nameOf(lexeme) === "pg_temp" && (this.#creates || previous?.keyword === "INTO")) this.#note("state")
  }

  #opens(previous: Lexeme | undefined): void {
    this.#depth += 1
    const name = nameOf(previous)
    if (LASTING_FUNCTION.test(name)) this.#note("lasting")
    else if (name === "set_config") this.#settings.push(this.#depth)
    else if (STATE_FUNCTION.test(name)) this.#note("state")
  }

  #closes(before: Lexeme | undefined, previous: Lexeme | undefined): void {
    if (this.#settings.at(-1) === this.#depth) {
      this.#settings.pop()
      // set_config(…, …, true) is undone by the end of the transaction.
      if (previous?.keyword !== "TRUE" || before?.text !== ",") this.#note("state")
    }
    this.#depth -= 1
  }

  #note(leftovers: Leftovers): void {
    this.#found = worse(this.#found, leftovers)
  }
}

function nameOf(lexeme: Lexeme | undefined): string {
  if (lexeme?.kind === "name") return lexeme.text.replaceAll('"', "")
  return lexeme?.kind === "word" ? lexeme.text.toLowerCase() : ""
}
