import type { LexemeKind } from "../foundation/sql-scanner.ts"

/** A statement that begins, ends or divides a transaction. Names are as the server keeps them: folded or unquoted. */
export type TransactionControl =
  | { readonly kind: "begin" }
  /** `chain`: AND CHAIN, a new transaction begins at once. */
  | { readonly kind: "commit"; readonly chain: boolean }
  | { readonly kind: "rollback"; readonly chain: boolean }
  | { readonly kind: "savepoint"; readonly name: string }
  | { readonly kind: "rollback_to"; readonly name: string }
  | { readonly kind: "release"; readonly name: string }
  /** PREPARE TRANSACTION ends the session's transaction and leaves it to whoever knows its identifier. */
  | { readonly kind: "prepare_transaction" }
  | { readonly kind: "commit_prepared" }
  | { readonly kind: "rollback_prepared" }

/** One of the first lexemes of a statement. */
export interface Lexeme {
  readonly kind: LexemeKind
  /** As it is written. */
  readonly text: string
  /** In capitals if it is a word, else empty: what keywords are compared with. */
  readonly keyword: string
}

/** The longest that matters: ROLLBACK TRANSACTION TO SAVEPOINT name, COMMIT WORK AND NO CHAIN. */
export const LEADING_LEXEMES = 5

/** What a statement with these first lexemes does to a transaction; undefined for all others. */
export function transactionControl(lead: readonly Lexeme[]): TransactionControl | undefined {
  switch (lead[0]?.keyword ?? "") {
    case "BEGIN":
      return { kind: "begin" }
    case "START":
      return lead[1]?.keyword === "TRANSACTION" ? { kind: "begin" } : undefined
    case "COMMIT":
    case "END":
      if (lead[1]?.keyword === "PREPARED") return { kind: "commit_prepared" }
      return { kind: "commit", chain: chains(lead) }
    case "ROLLBACK":
    case "ABORT":
      return rollback(lead)
    case "SAVEPOINT":
      return { kind: "savepoint", name: nameAt(lead, 1) }
    case "RELEASE":
      return { kind: "release", name: savepointAt(lead, 1) }
    case "PREPARE":
      return lead[1]?.keyword === "TRANSACTION" ? { kind: "prepare_transaction" } : undefined
    default:
      return undefined
  }
}

function rollback(lead: readonly Lexeme[]): TransactionControl {
  if (lead[1]?.keyword === "PREPARED") return { kind: "rollback_prepared" }
  const at = afterNoise(lead)
  if (lead[at]?.keyword === "TO") return { kind: "rollback_to", name: savepointAt(lead, at + 1) }
  return { kind: "rollback", chain: chains(lead) }
}

/** WORK and TRANSACTION mean nothing. */
function afterNoise(lead: readonly Lexeme[]): number {
  const second = lead[1]?.keyword
  return second === "WORK" || second === "TRANSACTION" ? 2 : 1
}

function chains(lead: readonly Lexeme[]): boolean {
  const at = afterNoise(lead)
  return lead[at]?.keyword === "AND" && lead[at + 1]?.keyword === "CHAIN"
}

/** [SAVEPOINT] name, where the name may be "savepoint", which is not reserved. */
function savepointAt(lead: readonly Lexeme[], at: number): string {
  const named = lead[at]?.keyword === "SAVEPOINT" && lead[at + 1] !== undefined
  return nameAt(lead, named ? at + 1 : at)
}

function nameAt(lead: readonly Lexeme[], at: number): string {
  const lexeme = lead[at]
  return lexeme === undefined ? "" : identifier(lexeme.text)
}

/** NAMEDATALEN - 1: the server cuts longer names, in silence. Bytes. */
const NAME_BYTES_MAX = 63

/** An identifier as the server keeps it. Only ASCII letters are folded, as it does in UTF-8 databases. */
function identifier(text: string): string {
  if (text.startsWith('"')) return cut(unquote(text, 1))
  if (/^u&"/i.test(text)) return cut(unescape(unquote(text, 3)))
  return cut(text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()))
}

function unquote(text: string, from: number): string {
  const to = text.length > from && text.endsWith('"') ? -1 : text.length
  return text.slice(from, to).replaceAll('""', '"')
}

/** The escapes of U&"…": \XXXX and \+XXXXXX. Another escape character (UESCAPE) is left as it is written. */
function unescape(text: string): string {
  return text.replace(/\\(?:\\|([0-9a-f]{4})|\+([0-9a-f]{6}))/gi, (whole, four?: string, six?: string) => {
    if (whole === "\\\\") return "\\"
    const point = Number.parseInt(four ?? six ?? "", 16)
    return point <= 0x10_ff_ff ? String.fromCodePoint(point) : whole
  })
}

function cut(name: string): string {
  const bytes = Buffer.from(name)
  if (bytes.length <= NAME_BYTES_MAX) return name
  let end = NAME_BYTES_MAX
  // Not through the middle of a character.
  while ((bytes[end]! & 0xc0) === 0x80) end -= 1
  return bytes.toString("utf8", 0, end)
}
