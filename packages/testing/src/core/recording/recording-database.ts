import type { Database, DatabaseOptions, Schema } from "@kysely-resilient/core"
import { assembleDatabase } from "@kysely-resilient/core/testing"

import { RecordingEngine } from "./engine.ts"
import type { RecordedStatement, Reply, StatementMatcher, WhenOptions } from "./script.ts"

/** A database without a server, for tests of what an application asks and of what it makes of the answers. */
export interface Recording<DB, C = unknown> {
  /** Typed as the real one is. */
  readonly db: Database<DB, C>
  /** Everything that was asked, in order. */
  readonly statements: readonly RecordedStatement[]
  /** The same as texts, with `begin`, `commit`, `rollback` and the savepoints between them. */
  readonly log: readonly string[]
  /**
   * What to say to the statements that contain a text, have a name, match an expression, or that a function picks: rows, `{ affected }`, or
   * an error of `fakeErrors`. Of several rules that fit, the last one that was given holds. Without any: no rows, and none changed.
   */
  readonly when: (
    statement: StatementMatcher,
    reply: Reply | ((statement: RecordedStatement) => Reply),
    options?: WhenOptions,
  ) => void
  /** Forgets what was asked and what was scripted. */
  readonly clear: () => void
}

/** `recordingDatabase(schema)`, or `recordingDatabase<DB>()` without a generated schema. */
export function recordingDatabase<DB, C>(
  schema: Schema<DB, C>,
  options?: Omit<DatabaseOptions, "schema" | "connection">,
): Recording<DB, C>
export function recordingDatabase<DB>(
  schema?: undefined,
  options?: Omit<DatabaseOptions, "schema" | "connection">,
): Recording<DB>
export function recordingDatabase<DB>(
  schema?: Schema<DB>,
  options: Omit<DatabaseOptions, "schema" | "connection"> = {},
): Recording<DB> {
  const engine = new RecordingEngine()
  const { recorder } = engine
  const db = assembleDatabase<DB, unknown>(
    { ...options, ...(schema !== undefined && { schema }) },
    { engine: () => engine },
  )
  return {
    db,
    statements: recorder.statements,
    log: recorder.log,
    when: (statement, reply, when) => recorder.script.add(statement, reply, when),
    clear: () => {
      recorder.statements.length = 0
      recorder.log.length = 0
      recorder.script.clear()
    },
  }
}
