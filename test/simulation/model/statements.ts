import { INT4, TEXT, type Column } from "./backend-messages.ts"
import { driverGrammar } from "./driver-statements.ts"
import type { Statement, StatementHost, Values } from "./statement.ts"
import { Complaint, complaints } from "./words.ts"

type Maker = (match: RegExpExecArray) => Statement

const TOKEN: readonly Column[] = [{ name: "token", type: TEXT }]

const grammar: readonly (readonly [RegExp, Maker])[] = [
  [
    /^insert into (ledger|deferred) \(token, owner\) values \(('[^']*'|\$\d+), ('[^']*'|\$\d+)\)( returning token)?$/,
    insertToken,
  ],
  [/^insert into ledger \(token, owner\) values \(\$1, \$3\), \(\$2, \$3\) returning token$/, () => appendTwo],
  [/^update balances set amount = amount \+ \$1 where id = \$2 and \$3::text <> ''$/, () => transfer],
  [/^select token from ledger where token = \$1 and (?:\$2::text <> ''|not_for != \$2)$/, () => findToken],
  [/^select sum\(amount\) as total from balances where \$1::text <> ''$/, () => total],
  [/^select id, amount from balances where \$1::text <> '' order by id$/, () => listBalances],
  [/^select raise\(\$1, \$2\)$/, () => raise],
  [/^select append\(\$1, \$2\)$/, () => appendByFunction],
  [/^call append_twice\(\$1, \$2\)$/, () => appendTwice],
  [
    /^insert into entries \(key, value, owner\) values \(\$1, \$2, \$3\) on conflict \(key\) do update set value = excluded\.value$/,
    () => upsert,
  ],
  [/^set simulated\.owner = '([^']*)'$/, setOwner],
  [/^(close all|reset (?:session authorization|role|all)|unlisten \*|discard \w+|deallocate all)$/, reset],
  [/^show (\w+)$/, ([, name = ""]) => facts([[`current_setting('${name}')`, name]])],
  ...driverGrammar,
  [
    /^with kysely_resilient_written as \((.+) returning 1\), kysely_resilient_marker as \(insert into kysely_resilient\.commit_marker \(id, affected\) select \$(\d+)::uuid, count\(\*\) from kysely_resilient_written returning affected\) select affected::text from kysely_resilient_marker$/,
    markedWrite,
  ],
  [/^select (.+)$/s, ([, list = ""]) => facts(selectList(list))],
]

const known = new Map<string, Statement>()

/** Whatever the callers of a simulation and the driver itself say. The model is made for them, and refuses the rest loudly. */
export function statementOf(sql: string): Statement {
  let statement = known.get(sql)
  if (statement === undefined) {
    statement = read(sql)
    if (known.size < 5_000) known.set(sql, statement)
  }
  return statement
}

function read(sql: string): Statement {
  const plain = sql.replaceAll('"', "").replaceAll(/\s+/g, " ").trim()
  for (const [pattern, make] of grammar) {
    const match = pattern.exec(plain)
    if (match !== null) return make(match)
  }
  throw new Error(`model: a statement that it does not know: ${plain}`)
}

function insertToken([, table, tokenText = "", ownerText = "", returning]: RegExpExecArray): Statement {
  return {
    columns: returning === undefined ? [] : TOKEN,
    run(host, values) {
      const token = valueOf(tokenText, values)
      host.witness(valueOf(ownerText, values))
      forbidReadOnly(host, "INSERT")
      host.write({ to: "ledger", token })
      if (table === "deferred" && token.endsWith("!")) host.transaction.deferredFailure = true
      return { rows: returning === undefined ? [] : [[token]], tag: "INSERT 0 1" }
    },
  }
}

const appendTwo: Statement = {
  columns: TOKEN,
  run(host, [first = null, second = null, owner]) {
    host.witness(owner ?? "")
    forbidReadOnly(host, "INSERT")
    host.write({ to: "ledger", token: first ?? "" })
    host.write({ to: "ledger", token: second ?? "" })
    return { rows: [[first], [second]], tag: "INSERT 0 2" }
  },
}

const transfer: Statement = {
  columns: [],
  *run(host, [by, id, owner]) {
    host.witness(owner ?? "")
    forbidReadOnly(host, "UPDATE")
    const { transaction, storage } = host
    const account = Number(id)
    transaction.snapshot ??= [...storage.versions]
    yield* host.lock(`balance ${account}`)
    if (transaction.strict && transaction.snapshot[account] !== storage.versions[account]) {
      throw complaints.serialization()
    }
    host.write({ to: "balances", account, by: Number(by) })
    return { rows: [], tag: "UPDATE 1" }
  },
}

const findToken: Statement = {
  columns: TOKEN,
  run(host, [token, owner]) {
    host.witness(owner ?? "")
    const { ledger } = host.storage
    const own = host.transaction.changes.filter((change) => change.to === "ledger" && change.token === token).length
    const rows = Array.from({ length: (ledger.get(token ?? "") ?? 0) + own }, () => [token ?? null])
    return { rows, tag: `SELECT ${rows.length}` }
  },
}

const total: Statement = {
  columns: [{ name: "total", type: INT4 }],
  run(host, [owner]) {
    host.witness(owner ?? "")
    return { rows: [[String(balancesSeenBy(host).reduce((sum, amount) => sum + amount, 0))]], tag: "SELECT 1" }
  },
}

const listBalances: Statement = {
  columns: [
    { name: "id", type: INT4 },
    { name: "amount", type: INT4 },
  ],
  run(host, [owner]) {
    host.witness(owner ?? "")
    const rows = balancesSeenBy(host).map((amount, id) => [String(id), String(amount)])
    return { rows, tag: `SELECT ${rows.length}` }
  },
}

const appendByFunction: Statement = {
  columns: [{ name: "append", type: TEXT }],
  run(host, [token, owner]) {
    host.witness(owner ?? "")
    forbidReadOnly(host, "INSERT")
    host.write({ to: "ledger", token: token ?? "" })
    return { rows: [[token ?? null]], tag: "SELECT 1" }
  },
}

const raise: Statement = {
  columns: TOKEN,
  run(host, [code, owner]) {
    host.witness(owner ?? "")
    if (code === "40001") throw complaints.serialization()
    throw code === "40P01" ? complaints.deadlock() : complaints.duplicate("raised_key")
  },
}

const appendTwice: Statement = {
  columns: [],
  *run(host, [token, owner]) {
    host.witness(owner ?? "")
    if (host.transaction.explicit) {
      throw new Complaint("ERROR", "2D000", "invalid transaction termination", "_SPI_commit")
    }
    forbidReadOnly(host, "INSERT")
    host.write({ to: "ledger", token: `${token}/a` })
    yield* host.commitMidway()
    host.witness(owner ?? "")
    host.write({ to: "ledger", token: `${token}/b` })
    return { rows: [], tag: "CALL" }
  },
}

const upsert: Statement = {
  columns: [],
  *run(host, [key, value, owner]) {
    host.witness(owner ?? "")
    forbidReadOnly(host, "INSERT")
    yield* host.lock(`entry ${key}`)
    host.write({ to: "entries", key: key ?? "", value: value ?? "" })
    return { rows: [], tag: "INSERT 0 1" }
  },
}

/** A write and its marker in one statement; the answer is the number of rows, which stands in the marker, too. */
function markedWrite([, sql = "", parameter = ""]: RegExpExecArray): Statement {
  const inner = statementOf(sql)
  return {
    columns: [{ name: "affected", type: TEXT }],
    *run(host, values) {
      const answer = inner.run(host, values)
      const { tag } = "tag" in answer ? answer : yield* answer
      const [affected = "0"] = /\d+$/.exec(tag) ?? []
      const id = values[Number(parameter) - 1] ?? ""
      yield* host.lock(`marker ${id}`)
      if (host.storage.markers.has(id)) throw complaints.duplicate("commit_marker_pkey")
      host.write({ to: "markers", id, state: "committed", affected })
      return { rows: [[affected]], tag: "SELECT 1" }
    },
  }
}

function setOwner([, owner = ""]: RegExpExecArray): Statement {
  return {
    columns: [],
    run(host) {
      host.witness(owner)
      host.keep(owner)
      return { rows: [], tag: "SET" }
    },
  }
}

function reset([text = ""]: RegExpExecArray): Statement {
  return {
    columns: [],
    run(host) {
      if (text === "reset all") host.keep(undefined)
      return { rows: [], tag: text.replace(/ \w+$/, "").toUpperCase() }
    },
  }
}

/** Values that the server knows of itself. */
function facts(list: readonly (readonly [expression: string, name: string])[]): Statement {
  return {
    columns: list.map(([, name]) => ({ name, type: TEXT })),
    run(host) {
      return { rows: [list.map(([expression]) => factOf(host, expression))], tag: "SELECT 1" }
    },
  }
}

function factOf(host: StatementHost, expression: string): string | null {
  const value = host.fact(expression)
  if (value === undefined) throw new Error(`model: an expression that it does not know: ${expression}`)
  return value
}

/** The values of a whole list. */
export function factsOf(host: StatementHost, list: string): (string | null)[] {
  return selectList(list).map(([expression]) => factOf(host, expression))
}

/** "a as x, f(b, c)" → [[a, x], [f(b, c), f]] */
function selectList(list: string): (readonly [string, string])[] {
  return splitTop(list, ",").map((item) => {
    const [, expression = item, name] = /^(.*?)(?: as (\w+))?$/s.exec(item) ?? []
    return [expression, name ?? /^\w+/.exec(expression)?.[0] ?? "?column?"] as const
  })
}

/** At the separators that stand in no parentheses and in no quotes. */
export function splitTop(text: string, separator: string): string[] {
  const parts: string[] = []
  let depth = 0
  let quoted = false
  let from = 0
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at]
    if (letter === "'") quoted = !quoted
    else if (quoted) continue
    else if (letter === "(") depth += 1
    else if (letter === ")") depth -= 1
    else if (letter === separator && depth === 0) {
      parts.push(text.slice(from, at).trim())
      from = at + 1
    }
  }
  return [...parts, text.slice(from).trim()]
}

function valueOf(text: string, values: Values): string {
  if (text.startsWith("$")) return values[Number(text.slice(1)) - 1] ?? ""
  return text.slice(1, -1)
}

function balancesSeenBy({ storage, transaction }: StatementHost): number[] {
  const balances = [...storage.balances]
  for (const change of transaction.changes) {
    if (change.to === "balances") balances[change.account] = (balances[change.account] ?? 0) + change.by
  }
  return balances
}

function forbidReadOnly({ transaction }: StatementHost, what: string): void {
  if (transaction.readOnly) throw complaints.readOnly(what)
}
