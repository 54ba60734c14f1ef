/** Statements about the transaction they stand in. */
export type Control =
  | { readonly do: "begin"; readonly access: "read only" | "read write" | undefined; readonly strict: boolean }
  | { readonly do: "commit" }
  | { readonly do: "rollback" }
  | { readonly do: "savepoint" | "release" | "rollback-to"; readonly name: string }
  | { readonly do: "commit-locally" }
  | { readonly do: "set-local"; readonly setting: "statement_timeout" | "lock_timeout"; readonly value: number }

export function controlOf(sql: string): Control | undefined {
  const words = sql.replaceAll('"', "").trim().toLowerCase()
  if (words.startsWith("begin")) {
    const strict = words.includes("repeatable read") || words.includes("serializable")
    const access = words.includes("read only") ? "read only" : words.includes("read write") ? "read write" : undefined
    return { do: "begin", access, strict }
  }
  if (words === "commit") return { do: "commit" }
  if (words === "rollback") return { do: "rollback" }
  const point = /^(savepoint|release savepoint|rollback to savepoint) (\S+)$/.exec(words)
  if (point !== null) {
    const name = point[2] ?? ""
    if (point[1] === "savepoint") return { do: "savepoint", name }
    return { do: point[1] === "release savepoint" ? "release" : "rollback-to", name }
  }
  if (words === "set local synchronous_commit = local") return { do: "commit-locally" }
  const set = /^set local (statement_timeout|lock_timeout) = (\d+)$/.exec(words)
  if (set === null) return undefined
  const setting = set[1] === "lock_timeout" ? "lock_timeout" : "statement_timeout"
  return { do: "set-local", setting, value: Number(set[2]) }
}

export function tagOf(control: Control): string {
  switch (control.do) {
    case "begin":
      return "BEGIN"
    case "commit":
      return "COMMIT"
    case "rollback":
    case "rollback-to":
      return "ROLLBACK"
    case "savepoint":
      return "SAVEPOINT"
    case "release":
      return "RELEASE"
    case "commit-locally":
    case "set-local":
      return "SET"
  }
}
