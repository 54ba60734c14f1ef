import { SqlScanner } from "./sql-scanner.ts"

/**
 * A statement's text without the data that somebody wrote into it: strings in all of PostgreSQL's quotations, numbers and
 * comments. `$1` stays, and so do names. A string that is left open reaches to the end of the text, as it does for PostgreSQL.
 */
export function withoutLiterals(sql: string): string {
  let shown = ""
  walk(sql, (piece, text) => {
    if (piece === "literal") shown += "?"
    else if (piece === "comment") shown += text.includes("\n") ? "\n" : " "
    else if (piece === "plain") shown += text
  })
  return shown
}

/** The strings, numbers and comments of a text, each as it is written. */
export function literalsOf(sql: string): readonly string[] {
  const found: string[] = []
  walk(sql, (piece, text) => {
    if (piece === "literal" || piece === "comment") found.push(text)
    else if (piece === "rest") found.push(`${found.pop() ?? ""}${text}`)
  })
  return found
}

/** `rest`: what touches a literal and belongs to it: the end of 1.5, 1e10, 0xff, 1_000. */
type Piece = "plain" | "literal" | "rest" | "comment"

function walk(sql: string, found: (piece: Piece, text: string) => void): void {
  const scanner = new SqlScanner(sql)
  let inLiteral = false
  for (;;) {
    const end = scanner.end
    const afterDollar = scanner.kind === "symbol" && sql[end - 1] === "$"
    const kind = scanner.next()
    const between = sql.slice(end, scanner.start)
    if (between !== "") found(between.trim() === "" ? "plain" : "comment", between)
    if (kind === "end") return

    const touches = scanner.start === end
    const literal: boolean = kind === "string" || (kind === "number" && !(touches && afterDollar))
    const rest: boolean = inLiteral && touches && (literal || kind === "word" || scanner.lexeme === ".")
    found(rest ? "rest" : literal ? "literal" : "plain", scanner.lexeme)
    inLiteral = literal || rest
  }
}
