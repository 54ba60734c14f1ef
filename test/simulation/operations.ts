import type { Database } from "@kysely-resilient/core"
import type { Engine, Failure, LeaseHandle, Settled, StatementOptions, StatementResult } from "@kysely-resilient/driver"
import type { CompiledQuery } from "kysely"
import { err, ok, type Result } from "neverthrow"

import type { Book, Entry, Told } from "./book.ts"
import { appendTree, findTree, raw, texts, type Tables } from "./queries.ts"
import type { AppendVia, Limits, Operation, Step } from "./scenario.ts"

/** What the workers work with. */
export interface Workshop {
  readonly engine: Engine
  readonly db: Database<Tables>
  readonly book: Book
  /** The sum of all balances, at any moment. */
  readonly total: number
  readonly orphanedTransaction: "rollback" | "commit" | "discard"
  now(): number
  think(ms: number): Promise<void>
  abortAfter(ms: number): AbortSignal
  wrong(text: string): void
  /** It is unknown what became of it. May it be? */
  doubt(entry: Entry, operation: Operation, since: number): void
  /** What a caller was told, as it was. */
  heard(failure: Heard | undefined, during: Entry): void
}

/** What a failure says, whoever says it. */
export interface Heard {
  readonly kind: string
  readonly effect: Failure["effect"]
  readonly token?: string | undefined
}

const OK: Told = { effect: "ok", why: "it said so" }
const UNDONE: Told = { effect: "not_applied", why: "it was rolled back" }

type Statement = (query: CompiledQuery) => PromiseLike<Settled<StatementResult> | Result<unknown, unknown>>

/** Does one thing, and enters into the book what came of it. `before`: a token that must be there, if there is one. */
export async function perform(
  shop: Workshop,
  operation: Operation,
  name: string,
  before: string | undefined,
): Promise<string | undefined> {
  if (operation.do === "think") {
    await shop.think(operation.ms)
    return undefined
  }
  const entry = shop.book.open(`${name} ${operation.do}`)
  const since = shop.now()
  const told = await tell(shop, operation, name, entry, before)
  shop.book.close(entry, told)
  if (told.effect === "unknown") shop.doubt(entry, operation, since)
  return told.effect === "ok" ? entry.kept[0] : undefined
}

function tell(
  shop: Workshop,
  operation: Exclude<Operation, { readonly do: "think" }>,
  name: string,
  entry: Entry,
  before: string | undefined,
): Promise<Told> {
  switch (operation.do) {
    case "append":
      return append(shop, operation, name, entry)
    case "upsert":
      return upsert(shop, operation, name, entry)
    case "read":
      return read(shop, operation, name, entry, before)
    case "batch":
      return batch(shop, operation, name, entry)
    case "stream":
      return stream(shop, operation, name, entry)
    case "stream-write":
      return streamWrite(shop, operation, name, entry)
    case "transaction":
      return transaction(shop, operation, name, entry)
    case "lease":
      return lease(shop, operation, name, entry)
    case "touch":
      return touch(shop, operation, name, entry)
    case "raw":
      return rawTransaction(shop, operation, name, entry)
  }
}

async function append(
  shop: Workshop,
  operation: Extract<Operation, { readonly do: "append" }>,
  name: string,
  entry: Entry,
): Promise<Told> {
  const owner = `A ${name}`
  const { via } = operation
  entry.kept = via === "several" || via === "call" ? [`${name}/a`, `${name}/b`] : [name]
  entry.divisible = via === "call"
  const settled = await shop.engine.run(appendOf(via, name, owner), optionsOf(shop, operation))
  if (settled.ok && via === "returning" && settled.value.rows.length !== 1) shop.wrong(`${name}: its row is missing`)
  return toldOf(shop, settled, entry)
}

function appendOf(via: AppendVia, token: string, owner: string): CompiledQuery {
  switch (via) {
    case "tree":
      return appendTree(token, owner)
    case "raw":
      return raw(texts.append, [token, owner])
    case "returning":
      return raw(texts.appendReturning, [token, owner])
    case "function":
      return raw(texts.appendByFunction, [token, owner])
    case "call":
      return raw(texts.appendTwice, [token, owner])
    case "several": {
      const one = (part: string): string => `insert into ledger (token, owner) values ('${token}/${part}', '${owner}')`
      return raw(`${one("a")}; ${one("b")}`)
    }
  }
}

async function upsert(shop: Workshop, limits: Limits, name: string, entry: Entry): Promise<Told> {
  const query = raw(texts.upsert, [name, name, `A ${name}`])
  return toldOf(shop, await shop.engine.run(query, { ...optionsOf(shop, limits), idempotent: true }), entry)
}

async function touch(shop: Workshop, limits: Limits, name: string, entry: Entry): Promise<Told> {
  const query = raw(`set simulated.owner = 'A ${name}'`)
  const settled = await shop.engine.run(query, optionsOf(shop, limits))
  return toldOf(shop, settled, entry)
}

async function read(
  shop: Workshop,
  operation: Extract<Operation, { readonly do: "read" }>,
  name: string,
  entry: Entry,
  before: string | undefined,
): Promise<Told> {
  const owner = `A ${name}`
  const { what } = operation
  const options = { ...optionsOf(shop, operation), ...(operation.readOnly === true && { readOnly: true as const }) }
  const query =
    what === "total"
      ? raw(texts.total, [owner])
      : what === "tree"
        ? findTree(before ?? "none", owner)
        : raw(texts.find, [before ?? "none", owner])
  const settled = await shop.engine.run(query, options)
  if (settled.ok && what === "total") checkTotal(shop, name, settled.value.rows)
  if (settled.ok && what !== "total" && before !== undefined && settled.value.rows.length !== 1) {
    if (settled.value.rows.length > 0 || !shop.book.holds(before)) shop.wrong(`${name} does not see ${before} once`)
  }
  return toldOf(shop, settled, entry)
}

async function batch(
  shop: Workshop,
  operation: Extract<Operation, { readonly do: "batch" }>,
  name: string,
  entry: Entry,
): Promise<Told> {
  const owner = `A ${name}`
  entry.kept = Array.from({ length: operation.size }, (_, at) => `${name}/${at}`)
  const queries = entry.kept.map((token, at) => appendOf(at % 2 === 0 ? "tree" : "returning", token, owner))
  const settled = await shop.engine.batch(queries, optionsOf(shop, operation))
  if (settled.ok && settled.value.length !== operation.size) shop.wrong(`${name}: answers are missing`)
  return toldOf(shop, settled, entry)
}

async function stream(
  shop: Workshop,
  operation: Extract<Operation, { readonly do: "stream" }>,
  name: string,
  entry: Entry,
): Promise<Told> {
  const { chunk, leaveAfter } = operation
  const options = optionsOf(shop, operation)
  let rows: unknown[] = []
  let chunks = 0
  for await (const part of shop.engine.stream(raw(texts.list, [`A ${name}`]), chunk, options)) {
    if (!part.ok) return toldOf(shop, part, entry)
    rows = [...rows, ...part.value]
    chunks += 1
    if (chunks === leaveAfter) return OK
  }
  checkList(shop, name, rows)
  return OK
}

async function streamWrite(
  shop: Workshop,
  operation: Extract<Operation, { readonly do: "stream-write" }>,
  name: string,
  entry: Entry,
): Promise<Told> {
  entry.kept = [`${name}/a`, `${name}/b`]
  const held = shop.engine.lease()
  const chunks = held.stream(raw(texts.appendTwo, [...entry.kept, `A ${name}`]), 1, optionsOf(shop, operation))
  const loop = chunks[Symbol.asyncIterator]()
  let rows = 0
  let told = OK
  for (let next = await loop.next(); next.done !== true; next = await loop.next()) {
    const { value } = next
    if (!value.ok) {
      told = toldOf(shop, value, entry)
      break
    }
    rows += value.value.length
    if (operation.end === "whole") continue
    if (operation.end === "early") await loop.return?.()
    // What was done so far stands, but nobody is told of the COMMIT.
    told = operation.end === "early" ? { effect: "either", why: "its loop was left" } : UNDONE
    break
  }
  await held.release()
  if (told === OK && rows !== 2) shop.wrong(`${name} streams ${rows} rows`)
  return told
}

async function transaction(
  shop: Workshop,
  operation: Extract<Operation, { readonly do: "transaction" }>,
  name: string,
  entry: Entry,
): Promise<Told> {
  const { db } = shop
  let running = 0
  const result = await db.transaction(
    async (tx) => {
      running += 1
      if (running > 1) shop.wrong(`${name}: two runs of its callback at once`)
      try {
        const run: Run = { shop, name, owner: `T ${name}.${tx.attempt}`, entry, count: 0, conflicted: false }
        entry.kept = []
        entry.undone.length = 0
        entry.moves = []
        const done = await coreSteps(run, tx, operation.steps)
        if (done.isErr()) return done
        if (operation.end === "err") return err("the caller's own")
        if (operation.end === "throw") throw new Error("the caller's own")
        return done
      } finally {
        running -= 1
      }
    },
    {
      timeoutMs: operation.timeoutMs,
      ...(operation.strict === true && { isolation: "serializable" as const }),
      ...(operation.abortAfterMs !== undefined && { signal: shop.abortAfter(operation.abortAfterMs) }),
    },
  )
  if (result.isOk()) {
    shop.heard(undefined, entry)
    return OK
  }
  const { error } = result
  if (typeof error === "string") return UNDONE
  shop.heard(error, entry)
  return { effect: error.effect, why: error.kind }
}

interface Run {
  readonly shop: Workshop
  readonly name: string
  readonly owner: string
  readonly entry: Entry
  count: number
  /** One of its statements was told that only the whole can run again. */
  conflicted: boolean
}

type Transaction = Parameters<Parameters<Database<Tables>["transaction"]>[0]>[0]
type Done = Result<void, Exclude<Awaited<ReturnType<Transaction["query"]>>, { readonly value: unknown }>["error"]>

async function coreSteps(run: Run, tx: Transaction, steps: readonly Step[]): Promise<Done> {
  const statement: Statement = async (query) => tx.query(query.sql, query.parameters)
  for (const step of steps) {
    if (step.do === "savepoint") {
      const { entry } = run
      const [kept, moves] = [entry.kept.length, entry.moves.length]
      const inner = await tx.savepoint(async (point) => {
        const done = await coreSteps(run, point, step.steps)
        if (done.isErr()) return done
        return step.end === "rollback" ? err("rolled back") : done
      })
      if (inner.isOk()) continue
      const alone = typeof inner.error === "object" && inner.error.kind === "unique_violation"
      if (inner.error !== "rolled back" && !alone) return err(inner.error as never)
      undo(entry, kept, moves)
    } else if (step.do === "stream") {
      const rows: unknown[] = []
      for await (const row of tx.stream(
        tx.sql<object>`select id, amount from balances where ${run.owner}::text <> '' order by id` as never,
        { chunkSize: step.chunk },
      )) {
        if (row.isErr()) return err(row.error as never)
        rows.push(row.value)
      }
      checkList(run.shop, run.name, rows)
    } else {
      const failed = await simpleStep(run, statement, step)
      if (failed !== undefined) return err(failed as never)
    }
  }
  return ok(undefined)
}

function undo(entry: Entry, kept: number, moves: number): void {
  entry.undone.push(...entry.kept.splice(kept))
  entry.moves.length = moves
}

/** What it failed with, if it did. */
async function simpleStep(
  run: Run,
  statement: Statement,
  step: Exclude<Step, { readonly do: "savepoint" | "stream" }>,
): Promise<unknown> {
  const { shop, owner, entry } = run
  run.count += 1
  switch (step.do) {
    case "think":
      await shop.think(step.ms)
      return undefined
    case "append": {
      const token = `${run.name}/${run.count}${step.deferredFailure === true ? "!" : ""}`
      entry.kept.push(token)
      const query = step.deferredFailure === true ? raw(texts.defer, [token, owner]) : appendOf(step.via, token, owner)
      const failed = failureOf(await statement(query))
      if (failed !== undefined) return failed
      const seen = await statement(raw(texts.find, [token, owner]))
      const missing = failureOf(seen)
      if (missing === undefined && rowsOf(seen).length !== 1) shop.wrong(`${owner} does not see what it wrote`)
      return missing
    }
    case "transfer": {
      const token = `${run.name}/${run.count}`
      entry.kept.push(token)
      entry.moves.push({ account: step.from, by: -step.by }, { account: step.to, by: step.by })
      return (
        failureOf(await statement(raw(texts.append, [token, owner]))) ??
        failureOf(await statement(raw(texts.transfer, [-step.by, step.from, owner]))) ??
        failureOf(await statement(raw(texts.transfer, [step.by, step.to, owner])))
      )
    }
    case "raise":
      return failureOf(await statement(raw(texts.raise, [step.code, owner])))
    case "read": {
      if (step.what === "tree") return failureOf(await statement(findTree("none", owner)))
      const answer = await statement(raw(texts.total, [owner]))
      const failed = failureOf(answer)
      if (failed === undefined) checkTotal(shop, owner, rowsOf(answer))
      return failed
    }
  }
}

async function lease(
  shop: Workshop,
  operation: Extract<Operation, { readonly do: "lease" }>,
  name: string,
  entry: Entry,
): Promise<Told> {
  const held = shop.engine.lease()
  const run: Run = { shop, name, owner: `T ${name}.1`, entry, count: 0, conflicted: false }
  const { timeoutMs } = operation
  held.begin({ deadline: { at: shop.now() + timeoutMs, limitMs: timeoutMs } })
  let failed: unknown = await leaseSteps(run, held, operation.steps)
  let told = UNDONE
  if (operation.end === "commit") {
    const committed = await held.commit()
    // Whatever it passed over, COMMIT must not.
    if (committed.ok && failed !== undefined) shop.wrong(`${name} was committed though a statement of it had failed`)
    if (committed.ok && run.conflicted) shop.wrong(`${name} was committed though it was in conflict with another`)
    if (!committed.ok && failed === undefined && committed.failure.kind === "transaction_aborted") {
      shop.wrong(`${name} was not committed though nothing of it had failed`)
    }
    told = toldOf(shop, committed, entry)
  } else if (operation.end === "rollback") await held.rollback("caller")
  await held.release()
  return told
}

async function leaseSteps(run: Run, held: LeaseHandle, steps: readonly Step[]): Promise<unknown> {
  const statement: Statement = (query) => held.run(query)
  for (const step of steps) {
    if (step.do === "savepoint") {
      run.count += 1
      const name = `point_${run.count}`
      const { entry } = run
      const [kept, moves] = [entry.kept.length, entry.moves.length]
      const set = await held.savepoint(name)
      if (!set.ok) return set.failure
      const failed = await leaseSteps(run, held, step.steps)
      if (isConflict(failed)) run.conflicted = true
      if (failed === undefined && step.end === "release") {
        const released = await held.releaseSavepoint(name)
        if (!released.ok) return released.failure
        continue
      }
      const undone = await held.rollbackTo(name)
      if (!undone.ok) return undone.failure
      undo(entry, kept, moves)
      // What has undone the whole stays a failure.
      if (failed !== undefined && held.firstFailure !== undefined) return failed
    } else if (step.do === "stream") {
      const rows: unknown[] = []
      for await (const chunk of held.stream(raw(texts.list, [run.owner]), step.chunk)) {
        if (!chunk.ok) return chunk.failure
        rows.push(...chunk.value)
      }
      checkList(run.shop, run.name, rows)
    } else {
      const failed = await simpleStep(run, statement, step)
      if (failed !== undefined) return failed
    }
  }
  return undefined
}

async function rawTransaction(
  shop: Workshop,
  operation: Extract<Operation, { readonly do: "raw" }>,
  name: string,
  entry: Entry,
): Promise<Told> {
  const held = shop.engine.lease()
  const owner = `T ${name}.raw`
  entry.kept = [name]
  try {
    const begun = await held.run(raw("begin"))
    if (!begun.ok) return toldOf(shop, begun, entry)
    const written = await held.run(raw(texts.append, [name, owner]))
    if (!written.ok) return toldOf(shop, written, entry)
    if (operation.end === "leave") {
      return shop.orphanedTransaction === "commit" ? { effect: "either", why: "it was left" } : UNDONE
    }
    const ended = await held.run(raw(operation.end))
    if (operation.end === "rollback") return UNDONE
    return toldOf(shop, ended, entry)
  } finally {
    await held.release()
  }
}

function isConflict(failed: unknown): boolean {
  const kind = typeof failed === "object" && failed !== null && "kind" in failed ? failed.kind : undefined
  return kind === "serialization_failure" || kind === "deadlock_detected"
}

function optionsOf(shop: Workshop, { timeoutMs, abortAfterMs, retry }: Limits): StatementOptions {
  return {
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(abortAfterMs !== undefined && { signal: shop.abortAfter(abortAfterMs) }),
    ...(retry === false && { retry }),
  }
}

function toldOf(shop: Workshop, settled: Settled<unknown>, entry: Entry): Told {
  shop.heard(settled.ok ? undefined : settled.failure, entry)
  return settled.ok ? OK : { effect: settled.failure.effect, why: settled.failure.kind }
}

type AnyAnswer = Awaited<ReturnType<Statement>>

function failureOf(answer: AnyAnswer): unknown {
  if ("ok" in answer) return answer.ok ? undefined : answer.failure
  return answer.isErr() ? answer.error : undefined
}

function rowsOf(answer: AnyAnswer): readonly unknown[] {
  if ("ok" in answer) return answer.ok ? answer.value.rows : []
  return answer.isOk() ? (answer.value as { readonly rows: readonly unknown[] }).rows : []
}

function checkTotal(shop: Workshop, name: string, rows: readonly unknown[]): void {
  const [row] = rows as { readonly total: number }[]
  if (row?.total !== shop.total) shop.wrong(`${name} sees a total of ${row?.total}`)
}

function checkList(shop: Workshop, name: string, rows: readonly unknown[]): void {
  const sum = (rows as { readonly amount: number }[]).reduce((all, { amount }) => all + amount, 0)
  if (sum !== shop.total) shop.wrong(`${name} streams a total of ${sum}`)
}
