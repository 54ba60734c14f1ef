import { CompiledQuery } from "kysely"
import { err, ok, ResultAsync } from "neverthrow"

import { engineOf } from "./engines.ts"
import type { QueryError } from "./errors/database-error.ts"
import { localFailure } from "./errors/local-failure.ts"
import { toDatabaseError } from "./errors/to-database-error.ts"

export interface InquireOptions {
  /** Reaches errors. */
  readonly name: string
  readonly timeoutMs: number
}

/**
 * For packages that show how a database is doing: a question about the server that no caller has asked. It is tried once, may only read, and is
 * no part of any number that is shown.
 */
export function inquire(
  database: object,
  sql: string,
  { name, timeoutMs }: InquireOptions,
): ResultAsync<readonly unknown[], QueryError> {
  const engine = engineOf(database)
  if (engine === undefined) {
    const failure = localFailure("refused", "This is no database of createDatabase, or one of another copy")
    return new ResultAsync(Promise.resolve(err(toDatabaseError(failure, { detail: "redact", attempts: 0 }))))
  }
  const options = { label: name, timeoutMs, readOnly: true, retry: false, ours: true } as const
  const answered = engine.run(CompiledQuery.raw(sql), options)
  return new ResultAsync(
    answered.then((settled) =>
      settled.ok
        ? ok(settled.value.rows)
        : err(
            toDatabaseError(settled.failure, {
              detail: "redact",
              attempts: settled.attempts,
              because: settled.because,
            }),
          ),
    ),
  )
}
