import { reachesBeyondReadOnly } from "./functions.ts"
import { leftByCommand, LeftoversReader, worse, type Leftovers } from "./leftovers.ts"
import { RecentTexts, TEXTS_KEPT } from "./recent-texts.ts"
import { SqlScanner } from "../foundation/sql-scanner.ts"
import { LEADING_LEXEMES, transactionControl } from "./transaction-control.ts"
import type { Lexeme, TransactionControl } from "./transaction-control.ts"

/** What can be said of a statement by looking at its text. */
export interface SqlStatement {
  /** Its first keywords in capitals, at most two; parentheses before them do not count. SELECT, CREATE TABLE, … */
  readonly first: string
  readonly second: string
  readonly control: TransactionControl | undefined
  /** It may commit by itself (L11): CALL, DO, and what cannot run in a transaction block. */
  readonly selfCommitting: boolean
  /** It calls a function whose effects a read-only transaction does not prevent. */
  readonly beyondReadOnly: boolean
  /** What whoever uses the session next may find of it. */
  readonly leaves: Leftovers
}

export interface SqlText {
  /** In order; empty ones and comments are none. */
  readonly statements: readonly SqlStatement[]
}

const known = new RecentTexts<SqlText>(TEXTS_KEPT)

/** Reads a text of any number of statements. Never throws, whatever the text. */
export function sqlText(text: string): SqlText {
  const before = known.get(text)
  if (before !== undefined) return before
  const read = readText(text)
  known.set(text, read)
  return read
}

function readText(text: string): SqlText {
  const scanner = new SqlScanner(text)
  const statements: SqlStatement[] = []
  let reader = new StatementReader()
  while (scanner.next() !== "end") {
    if (scanner.kind === "symbol" && scanner.lexeme === ";" && reader.endsHere) {
      if (!reader.empty) statements.push(reader.statement())
      reader = new StatementReader()
    } else reader.read(scanner)
  }
  if (!reader.empty) statements.push(reader.statement())
  return { statements }
}

/** Collects what matters of one statement while the scanner walks through it. */
class StatementReader {
  readonly #lead: Lexeme[] = []
  readonly #leftovers = new LeftoversReader()
  #empty = true
  #parentheses = 0
  /** BEGIN ATOMIC … END, the body of a routine, and each CASE … END in it: semicolons inside end nothing. */
  #blocks = 0
  /** The lexeme before, as it is written: a name, if a parenthesis makes a call of it. */
  #previous = ""
  #concurrently = false
  #beyondReadOnly = false

  get empty(): boolean {
    return this.#empty
  }

  /** Would a semicolon end the statement? Not in the parentheses of CREATE RULE, not in the body of a routine. */
  get endsHere(): boolean {
    return this.#parentheses === 0 && this.#blocks === 0
  }

  read(scanner: SqlScanner): void {
    this.#empty = false
    const { kind } = scanner
    if (kind === "string" || kind === "number") this.#lexeme(kind, "", "")
    else if (kind === "word") this.#word(scanner.lexeme)
    else if (kind === "name") this.#lexeme(kind, scanner.lexeme, "")
    else this.#symbol(scanner.lexeme)
  }

  statement(): SqlStatement {
    const lead = this.#lead
    const first = lead[0]?.keyword ?? ""
    const second = lead[1]?.keyword ?? ""
    return {
      first,
      second,
      control: transactionControl(lead),
      selfCommitting: commitsItself(first, second, lead, this.#concurrently),
      beyondReadOnly: this.#beyondReadOnly,
      leaves: worse(leftByCommand(lead), this.#leftovers.found),
    }
  }

  #word(text: string): void {
    const keyword = text.toUpperCase()
    if (keyword === "CONCURRENTLY") this.#concurrently = true
    if (this.#parentheses === 0 && isRoutine(this.#lead)) this.#block(keyword)
    this.#lexeme("word", text, keyword)
  }

  #block(keyword: string): void {
    if (this.#blocks === 0) {
      if (keyword === "ATOMIC" && this.#previous.toUpperCase() === "BEGIN") this.#blocks = 1
    } else if (keyword === "CASE") this.#blocks += 1
    else if (keyword === "END") this.#blocks -= 1
  }

  #symbol(text: string): void {
    if (text === "(") {
      this.#parentheses += 1
      if (reachesBeyondReadOnly(this.#previous.replaceAll('"', ""))) this.#beyondReadOnly = true
      // (SELECT …) UNION … is a SELECT.
      if (this.#lead.length === 0) return this.#leftovers.read({ kind: "symbol", text, keyword: "" })
    } else if (text === ")" && this.#parentheses > 0) this.#parentheses -= 1
    this.#lexeme("symbol", text, "")
  }

  #lexeme(kind: Lexeme["kind"], text: string, keyword: string): void {
    this.#previous = text
    const lexeme: Lexeme = { kind, text, keyword }
    this.#leftovers.read(lexeme)
    if (this.#lead.length < LEADING_LEXEMES) this.#lead.push(lexeme)
  }
}

/** CREATE [OR REPLACE] FUNCTION or PROCEDURE. */
function isRoutine(lead: readonly Lexeme[]): boolean {
  if (lead[0]?.keyword !== "CREATE") return false
  const what = lead[1]?.keyword === "OR" ? lead[3]?.keyword : lead[1]?.keyword
  return what === "FUNCTION" || what === "PROCEDURE"
}

/**
 * What PostgreSQL 14 to 18 refuses in a transaction block (PreventInTransactionBlock in its source), and CALL and DO. Where
 * the text does not tell (REINDEX and CLUSTER commit by themselves only for partitioned tables, whole schemas and
 * databases, DROP SUBSCRIPTION only with a slot) it is taken to be so. ALTER TYPE … ADD VALUE is not: it is transactional
 * since 12.
 */
function commitsItself(first: string, second: string, lead: readonly Lexeme[], concurrently: boolean): boolean {
  switch (first) {
    case "CALL":
    case "DO":
    case "VACUUM":
    case "REINDEX":
    case "CLUSTER":
      return true
    case "CREATE":
      return concurrently || second === "DATABASE" || second === "TABLESPACE" || second === "SUBSCRIPTION"
    case "DROP":
      return concurrently || second === "DATABASE" || second === "TABLESPACE" || second === "SUBSCRIPTION"
    case "ALTER":
      if (second === "TABLE") return concurrently
      if (second === "DATABASE") return lead[3]?.keyword === "SET" && lead[4]?.keyword === "TABLESPACE"
      return second === "SYSTEM" || second === "SUBSCRIPTION"
    case "COMMIT":
    case "ROLLBACK":
      return second === "PREPARED"
    case "DISCARD":
      return second === "ALL"
    default:
      return false
  }
}
