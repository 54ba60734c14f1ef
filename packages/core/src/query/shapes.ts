import type { StatementResult } from "@kysely-resilient/driver"
import type { CompiledQuery } from "kysely"

import { localFailure } from "../errors/local-failure.ts"
import type { CoreFailure, ErrorKind } from "../errors/redaction.ts"
import { promised } from "../foundation/promised.ts"
import { existsQuery } from "./exists.ts"

/** What a statement answered, after every plugin has seen it. */
export interface Answer {
  readonly rows: readonly unknown[]
  readonly affected: bigint
  readonly command: string
}

/** What raw SQL answers. */
export interface RawAnswer<Row> {
  readonly rows: Row[]
  /** The rows that the command counted; 0 where it counts none. */
  readonly affected: bigint
  /** SELECT, INSERT, CREATE TABLE, … */
  readonly command: string
}

/** What one terminal makes of a statement and of its answer. */
export interface Shape<T, K extends ErrorKind> {
  /** Another statement in its place. */
  readonly instead?: (query: CompiledQuery) => CompiledQuery
  /** Why the answer is not what was asked for, if it is not. */
  readonly refuse?: (rows: readonly unknown[]) => CoreFailure<K> | undefined
  readonly take: (answer: Answer) => T
}

// Rows have the type that their query promised; what the driver decoded is the only evidence.

export function allRows<Row>(): Shape<Row[], never> {
  return promised(ALL)
}

export function oneRow<Row>(): Shape<Row, "no_row" | "too_many_rows"> {
  return promised(ONE)
}

export function maybeOneRow<Row>(): Shape<Row | undefined, "too_many_rows"> {
  return promised(MAYBE_ONE)
}

export function firstRow<Row>(): Shape<Row | undefined, never> {
  return promised(FIRST)
}

export function rawAnswer<Row>(): Shape<RawAnswer<Row>, never> {
  return promised(RAW)
}

export const AFFECTED: Shape<{ readonly affected: bigint }, never> = { take: ({ affected }) => ({ affected }) }

export const NOTHING: Shape<void, never> = { take: () => {} }

/** All of it. */
export const ANSWER: Shape<Answer, never> = { take: (answer) => answer }

export const EXISTS: Shape<boolean, never> = { instead: existsQuery, take: ({ rows }) => isTrue(rows[0]) }

const ALL: Shape<unknown, never> = { take: ({ rows }) => rows }
const FIRST: Shape<unknown, never> = { take: ({ rows }) => rows[0] }
const MAYBE_ONE: Shape<unknown, "too_many_rows"> = { refuse: moreThanOne, take: ({ rows }) => rows[0] }
const ONE: Shape<unknown, "no_row" | "too_many_rows"> = { refuse: notOne, take: ({ rows }) => rows[0] }
const RAW: Shape<unknown, never> = { take: ({ rows, affected, command }) => ({ rows, affected, command }) }

function notOne(rows: readonly unknown[]): CoreFailure<"no_row" | "too_many_rows"> | undefined {
  return rows.length === 0 ? localFailure("no_row", "") : moreThanOne(rows)
}

function moreThanOne(rows: readonly unknown[]): CoreFailure<"too_many_rows"> | undefined {
  return rows.length > 1 ? localFailure("too_many_rows", "") : undefined
}

function isTrue(row: unknown): boolean {
  return typeof row === "object" && row !== null && Object.values(row)[0] === true
}

export function answerOf({ rows, affected, command }: StatementResult): Answer {
  return { rows, affected: affected ?? 0n, command }
}
