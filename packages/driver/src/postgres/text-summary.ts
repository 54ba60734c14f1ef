import { SqlScanner } from "../foundation/sql-scanner.ts"
import { SummaryWords } from "./summary-words.ts"

/** Longer texts carry data, and what they do stands at their beginning. Characters. */
const LENGTH_READ = 16_384

/**
 * What a text does, and to which tables, as far as its words tell. Operations are in capitals, however they are written, so that one
 * statement has one summary; tables are as they are written, without their quotes.
 */
export function textSummary(sql: string): string {
  const reader = new Reader(sql.slice(0, LENGTH_READ))
  reader.read()
  return reader.words.text
}

/** How far one pair of parentheses, or the text outside of all, has been read. */
interface Level {
  /** A query is being read here, so that FROM names tables; in `extract(day from x)` it does not. */
  query: boolean
  /** A comma is followed by another table. */
  list: boolean
  /** The last name that was read, which `AS (` makes a CTE's. */
  name: string | undefined
}

/** They end a list of tables. */
const ENDS_LIST: ReadonlySet<string> = new Set(
  "WHERE ON USING SET GROUP ORDER HAVING LIMIT OFFSET FETCH FOR UNION INTERSECT EXCEPT RETURNING WINDOW VALUES WHEN".split(
    " ",
  ),
)

/** Between a CTE's name and its query. */
const BEFORE_QUERY: ReadonlySet<string> = new Set(["AS", "NOT", "MATERIALIZED"])

/** Between a word that names a table and the table. */
const BEFORE_NAME: ReadonlySet<string> = new Set(["ONLY", "LATERAL", "TABLE", "IF", "NOT", "EXISTS", "CONCURRENTLY"])

/** Statements about one thing, which their word is followed by. */
const OF_ONE: ReadonlySet<string> = new Set(["TRUNCATE", "CALL", "COPY", "LOCK"])
const DEFINING: ReadonlySet<string> = new Set(["CREATE", "ALTER", "DROP"])
const OBJECTS: ReadonlySet<string> = new Set(
  "TABLE INDEX VIEW SEQUENCE SCHEMA TYPE FUNCTION PROCEDURE TRIGGER EXTENSION DOMAIN ROLE DATABASE POLICY".split(" "),
)

class Reader {
  readonly words = new SummaryWords()
  readonly #scanner: SqlScanner
  readonly #levels: Level[] = [{ query: false, list: false, name: undefined }]
  readonly #ctes = new Set<string>()
  #operation = ""
  /** The keyword before this lexeme, if there is nothing between them. */
  #before = ""
  /** The next name is a table. */
  #expecting = false
  /** The next lexeme is a statement's first. */
  #begins = true

  constructor(sql: string) {
    this.#scanner = new SqlScanner(sql)
  }

  read(): void {
    for (let kind = this.#scanner.next(); kind !== "end"; kind = this.#scanner.next()) {
      if (kind === "symbol") this.#symbol(this.#scanner.lexeme)
      else if (kind === "word" && !(this.#expecting && !isStructural(this.#scanner.lexeme.toUpperCase()))) this.#word()
      else if (kind === "word" || kind === "name") this.#name()
      else this.#before = ""
    }
  }

  get #level(): Level {
    return this.#levels.at(-1) ?? { query: false, list: false, name: undefined }
  }

  #symbol(symbol: string): void {
    if (symbol === "(") {
      if (this.#before === "AS" || this.#before === "MATERIALIZED") {
        if (this.#level.name !== undefined) this.#ctes.add(this.#level.name)
      }
      this.#levels.push({ query: false, list: false, name: undefined })
    } else if (symbol === ")") {
      if (this.#levels.length > 1) this.#levels.pop()
    } else if (symbol === ",") this.#expecting = this.#level.list
    else if (symbol === ";") {
      this.#levels.length = 1
      this.#level.query = false
      this.#level.list = false
      this.#begins = true
    }
    if (symbol !== ",") this.#expecting = false
    this.#before = ""
  }

  #word(): void {
    const word = this.#scanner.lexeme.toUpperCase()
    const before = this.#before
    const begins = this.#begins
    this.#before = word
    this.#begins = false
    const level = this.#level
    if (ENDS_LIST.has(word)) level.list = false
    if (this.#expecting && BEFORE_NAME.has(word)) return
    this.#expecting = false
    if (word === "SELECT") this.#operate(word)
    else if (word === "INSERT" || word === "DELETE" || word === "MERGE") {
      // WHEN MATCHED THEN DELETE; ON DELETE CASCADE.
      if (before !== "THEN" && before !== "ON") this.#operate(word)
    } else if (word === "UPDATE") {
      // FOR UPDATE, FOR NO KEY UPDATE; DO UPDATE; THEN UPDATE; ON UPDATE.
      if (["FOR", "KEY", "DO", "THEN", "ON"].includes(before)) return
      this.#operate(word)
      this.#expecting = true
    } else if (word === "INTO") this.#expecting = this.#operation === "INSERT" || this.#operation === "MERGE"
    else if (word === "FROM") this.#expectList(level.query && before !== "DISTINCT")
    else if (word === "JOIN") this.#expecting = true
    else if (word === "USING") this.#expecting = this.#operation === "DELETE" || this.#operation === "MERGE"
    else if (begins) this.#begin(word)
    else if (OBJECTS.has(word) && DEFINING.has(this.#operation)) this.#define(word)
    else if (!BEFORE_QUERY.has(word)) level.name = this.#scanner.lexeme
  }

  /** A statement that is none of the five. */
  #begin(word: string): void {
    if (word === "WITH") return
    // The kind of thing belongs to it: CREATE TABLE.
    if (DEFINING.has(word)) this.#operation = word
    else this.#operate(word)
    this.#expecting = OF_ONE.has(word)
  }

  #define(object: string): void {
    this.#operate(`${this.#operation} ${object}`)
    this.#expecting = true
  }

  #operate(operation: string): void {
    this.#operation = operation
    this.words.operation(operation)
    this.#level.query = true
    this.#level.list = false
  }

  #expectList(expecting: boolean): void {
    this.#expecting = expecting
    this.#level.list = expecting
  }

  /** An identifier, with what it is qualified by. */
  #name(): void {
    const expecting = this.#expecting
    this.#expecting = false
    this.#before = ""
    this.#begins = false
    let name = unquoted(this.#scanner.lexeme)
    this.#level.name = name
    if (!expecting) return
    const { text } = this.#scanner
    while (text[this.#scanner.end] === ".") {
      this.#scanner.next()
      this.#scanner.next()
      name = `${name}.${unquoted(this.#scanner.lexeme)}`
    }
    const called = this.#operation !== "INSERT" && this.#operation !== "CALL" && text[this.#scanner.end] === "("
    if (!called && !this.#ctes.has(name)) this.words.target(name)
  }
}

/** A word that cannot be a table's name where one is expected. */
function isStructural(word: string): boolean {
  return BEFORE_NAME.has(word) || ENDS_LIST.has(word) || word === "SELECT"
}

function unquoted(name: string): string {
  return name.startsWith('"') && name.endsWith('"') && name.length > 1 ? name.slice(1, -1).replaceAll('""', '"') : name
}
