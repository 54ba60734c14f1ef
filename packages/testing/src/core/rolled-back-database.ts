import type { Database, TransactionOptions, Tx } from "@kysely-resilient/core"
import { ok, ResultAsync, type Result } from "neverthrow"

type AnyResult = Result<unknown, unknown>
type Body = (handle: object) => AnyResult | PromiseLike<AnyResult>

type Nested = (
  body: (part: Handle) => PromiseLike<AnyResult>,
  options?: TransactionOptions,
) => ResultAsync<unknown, unknown>

/** What is needed of a transaction's handle, or of a savepoint's. */
interface Handle {
  readonly savepoint: Nested
  readonly atomic: Nested
}

/** Where what is to be done after COMMIT is kept until then. */
type Todo = (() => unknown)[]

/** Each in a savepoint of its own, so that it fails alone. */
const STATEMENTS: ReadonlySet<PropertyKey> = new Set([
  "all",
  "one",
  "maybeOne",
  "first",
  "exec",
  "exists",
  "batch",
  "forEach",
  "query",
])

/** What is the database's own affair, wherever its statements run. */
const OUTSIDE: ReadonlySet<PropertyKey> = new Set(["ready", "resolve", "snapshot"])

/** A transaction that is used as if it were the database. */
export function rolledBackDatabase<DB, C>(db: Database<DB, C>, tx: Tx<DB, C>): Database<DB, C> {
  const handle: object = new Proxy(tx, {
    get(_, name) {
      if (name === "transaction" || name === "atomic") {
        return (body: Body, options?: TransactionOptions) => transaction(tx, body, options)
      }
      if (name === "withConnection") return (body: Body) => new ResultAsync(later(() => body(handle)))
      if (name === "close" || name === Symbol.asyncDispose) return async () => ok(undefined)
      if (STATEMENTS.has(name)) return (...given: unknown[]) => alone(tx, name, given)
      if (OUTSIDE.has(name)) return Reflect.get(db, name)
      // A transaction of ours is never over before its test, and its conflicts are not run again.
      if (name in tx && !["attempt", "signal", "afterCommit", "savepoint"].includes(String(name))) {
        return Reflect.get(tx, name)
      }
      if (!(name in db)) return undefined
      throw new Error(
        `db.${String(name)} would run outside of the transaction that withRollback rolls back. Use a database of the test's own for it, see isolatedDatabase`,
      )
    },
    has: (_, name) => name in db,
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has what a database has, or says why not
  return handle as Database<DB, C>
}

/** Ends as a transaction does: what was to be done after COMMIT is done when its savepoint is kept. */
function transaction(tx: Handle, body: Body, options: TransactionOptions | undefined): ResultAsync<unknown, unknown> {
  const todo: Todo = []
  const ran = tx.atomic((part) => later(() => body(handleOf(part, todo))), options)
  return new ResultAsync(
    (async () => {
      const result = await ran
      if (result.isOk()) for (const run of todo) await run()
      return result
    })(),
  )
}

/** A transaction's handle inside of a savepoint. What a part of it that was rolled back wanted done is forgotten. */
function handleOf(tx: Handle, todo: Todo): object {
  return new Proxy(tx, {
    get(_, name) {
      if (name === "afterCommit") return (run: () => unknown) => void todo.push(run)
      if (name === "attempt") return 1
      if (name === "savepoint" || name === "atomic") {
        return (body: Body, options?: TransactionOptions) => {
          const inner: Todo = []
          const ran = tx[name]((part) => later(() => body(handleOf(part, inner))), options)
          return ran.map((value) => {
            todo.push(...inner)
            return value
          })
        }
      }
      return Reflect.get(tx, name)
    },
  })
}

function alone(tx: Handle, name: PropertyKey, given: unknown[]): ResultAsync<unknown, unknown> {
  return new ResultAsync(
    later(() =>
      tx.savepoint((part) => {
        const statement: (...parameters: unknown[]) => PromiseLike<AnyResult> = Reflect.get(part, name)
        return statement(...given)
      }),
    ),
  )
}

/** A throw before the first await is a rejection too. */
async function later(work: () => AnyResult | PromiseLike<AnyResult>): Promise<AnyResult> {
  return work()
}
