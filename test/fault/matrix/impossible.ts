import type { Cell, Kind, Mode } from "./cells.ts"

/** Why the instant cannot come in this kind of work, or the fault not at this instant; undefined if the cell is to be run. */
export function impossible(cell: Cell): { readonly why: string; readonly comes: boolean } | undefined {
  const absent = absentFrom(cell)
  if (absent !== undefined) return { why: absent, comes: false }
  if (cell.fault === "FATAL" && cell.instant.name === "connect") {
    return { why: "the server does not know of the connection, and can say nothing on it", comes: true }
  }
  return undefined
}

/** The instant that never comes. The test sees to it that it does not. */
function absentFrom({ kind, instant, mode }: Cell): string | undefined {
  switch (instant.during) {
    case "connecting":
    case "statement":
    case "cancel":
      return undefined
    case "rows":
      if (kind !== "counted write") return undefined
      // By a marker, their number comes in a row.
      if (mode === "marker" && instant.name === "rows before the first") return undefined
      return "it answers with the number of its rows only"
    case "begin":
      return bringsBegin(kind, mode) ? undefined : "the statement travels alone, without BEGIN"
    case "commit":
      return bringsBegin(kind, mode) ? undefined : "the statement travels alone, without COMMIT"
    case "portal":
      return kind === "stream" ? undefined : "only a stream leaves its portal open"
    case "savepoint":
      return kind === "savepoint" ? undefined : "it makes no savepoint"
    case "rollback":
      return isTransaction(kind) ? undefined : "there is nothing that its caller could roll back"
  }
}

function isTransaction(kind: Kind): boolean {
  return kind === "transaction" || kind === "commit" || kind === "savepoint"
}

/** A write that is alone gets BEGIN and COMMIT of its own only where what became of it is to be found out, and no marker can be part of it. */
function bringsBegin(kind: Kind, mode: Mode): boolean {
  if (kind === "counted write") return mode === "xid"
  return kind === "write" ? mode !== "off" : kind !== "read"
}
