import {
  assertNever,
  attempt,
  catchConstraint,
  catchKind,
  createDatabase,
  fieldErrors,
  prepare,
  type ConstraintOf,
  type Database,
  type DeleteError,
  type ErrorOf,
  type InsertError,
  type Query,
  type QueryBuilders,
  type QueryError,
  type Session,
  type TransactionError,
  type Tx,
  type UpdateError,
  type WithRows,
} from "@kysely-resilient/core"
import type {
  CallbackThrew,
  CheckViolation,
  DeadlockDetected,
  ExclusionViolation,
  ForeignKeyViolation,
  NoRow,
  NotNullViolation,
  TooManyRows,
  UniqueViolation,
} from "@kysely-resilient/core/errors"
import type { InsertQueryBuilder, SelectQueryBuilder } from "kysely"
import { err, errAsync, ok, type Result, type ResultAsync } from "neverthrow"
import { describe, expectTypeOf, it } from "vitest"

import { staff, type StaffConstraints, type StaffDB } from "../support/staff.ts"

const db = createDatabase({ schema: staff })

const add = db.insertInto("users").values({ email: "a", name: "A" })
const change = db.updateTable("users").set({ name: "A" })
const remove = db.deleteFrom("users")
const merge = db.mergeInto("users").using("notes", "notes.user_id", "users.id").whenMatched().thenDelete()
const posts = db.selectFrom("posts").selectAll()

type AddError = InsertError<StaffConstraints, "users">
type ChangeError = UpdateError<StaffConstraints, "users">
type RemoveError = DeleteError<StaffConstraints, "users">

type OwnName =
  | "age_check"
  | "users_balance_check"
  | "users_email_key"
  | "users_manager_fk"
  | "users_name_lower_idx"
  | "users_pkey"
type InboundName = "drafts_owner_fk" | "notes_user_fk" | "posts_author_fk" | "users_manager_fk"

describe("what a write can violate", () => {
  it("is by statement and table", () => {
    expectTypeOf<ConstraintOf<AddError>>().toEqualTypeOf<OwnName>()
    expectTypeOf<ConstraintOf<ChangeError>>().toEqualTypeOf<OwnName | InboundName>()
    expectTypeOf<ConstraintOf<RemoveError>>().toEqualTypeOf<InboundName>()
    expectTypeOf<ConstraintOf<InsertError<StaffConstraints, "bookings">>>().toEqualTypeOf<"bookings_room_excl">()
    expectTypeOf<ConstraintOf<DeleteError<StaffConstraints, "bookings">>>().toEqualTypeOf<never>()
    expectTypeOf<ConstraintOf<QueryError>>().toEqualTypeOf<string>()
  })

  it("is a member for each constraint, with its kind, its columns and whose it is", () => {
    expectTypeOf<Of<AddError, "users_email_key">>().toEqualTypeOf<
      UniqueViolation<"users_email_key", readonly ["email"], "users">
    >()
    expectTypeOf<Of<AddError, "age_check">>().toEqualTypeOf<CheckViolation<"age_check", readonly ["age"], "users">>()
    expectTypeOf<Of<AddError, "users_name_lower_idx">>().toEqualTypeOf<
      UniqueViolation<"users_name_lower_idx", readonly [], "users">
    >()
    expectTypeOf<Of<RemoveError, "notes_user_fk">>().toEqualTypeOf<
      ForeignKeyViolation<"notes_user_fk", readonly ["user_id"], "notes">
    >()
    expectTypeOf<Of<InsertError<StaffConstraints, "bookings">, "bookings_room_excl">>().toEqualTypeOf<
      ExclusionViolation<"bookings_room_excl", readonly ["room"], "bookings">
    >()
    expectTypeOf<Of<InsertError<StaffConstraints, "events">, "events_pkey">["columns"]>().toEqualTypeOf<
      readonly ["id", "day"]
    >()
    // Of the same name in both directions: a foreign key of the table to itself.
    expectTypeOf<Of<ChangeError, "users_manager_fk">>().toEqualTypeOf<
      ForeignKeyViolation<"users_manager_fk", readonly ["manager_id"], "users">
    >()
  })

  it("has a member without a name for each kind, also where no constraint of it is known", () => {
    type Kind = "unique_violation" | "foreign_key_violation" | "check_violation" | "exclusion_violation"
    type Unnamed<E> = E extends { readonly constraint: null; readonly kind: infer K } ? K : never
    type All = Kind | "not_null_violation" | "integrity_constraint_violation"
    expectTypeOf<Unnamed<AddError>>().toEqualTypeOf<All>()
    expectTypeOf<Unnamed<RemoveError>>().toEqualTypeOf<All>()
    expectTypeOf<Extract<InsertError<StaffConstraints, "bookings">, { kind: "foreign_key_violation" }>>().toEqualTypeOf<
      ForeignKeyViolation<null>
    >()
  })

  it("says of not null which column it can be", () => {
    type Required = "balance" | "email" | "id" | "name" | "nickname"
    expectTypeOf<NotNull<AddError>>().toEqualTypeOf<NotNullViolation<Required | null>>()
    expectTypeOf<NotNull<ChangeError>>().toEqualTypeOf<NotNullViolation<Required | null>>()
    // ON DELETE SET NULL: a column of another table.
    expectTypeOf<NotNull<RemoveError>["column"]>().toEqualTypeOf<
      "author_id" | "manager_id" | "owner_id" | "user_id" | null
    >()
    expectTypeOf<NotNull<AddError>["columns"]>().toEqualTypeOf<readonly Required[]>()
    expectTypeOf<NotNull<InsertError<StaffConstraints, "notes">>["column"]>().toEqualTypeOf<null>()
    expectTypeOf<NotNull<QueryError>["column"]>().toEqualTypeOf<string | null>()
  })

  it("is read from a schema, a database or a session", () => {
    expectTypeOf<InsertError<typeof staff, "users">>().toEqualTypeOf<AddError>()
    expectTypeOf<InsertError<typeof db, "users">>().toEqualTypeOf<AddError>()
    expectTypeOf<UpdateError<Session<StaffDB, StaffConstraints>, "users">>().toEqualTypeOf<ChangeError>()
    expectTypeOf<DeleteError<Tx<StaffDB, StaffConstraints>, "users">>().toEqualTypeOf<RemoveError>()
    // @ts-expect-error there is no such table
    type _Typo = InsertError<typeof staff, "usres">
    // @ts-expect-error a view has no constraints
    type _View = InsertError<typeof staff, "people">
  })

  it("is any constraint where the type does not tell the table", () => {
    expectTypeOf<ErrorOf<typeof posts, StaffConstraints>>().toEqualTypeOf<QueryError>()
    const aliased = db.updateTable("users as u").set({ name: "A" })
    expectTypeOf<ErrorOf<typeof aliased, StaffConstraints>>().toEqualTypeOf<QueryError>()
    const aliasedUsing = db.deleteFrom("users as u").using("posts")
    expectTypeOf<ErrorOf<typeof aliasedUsing, StaffConstraints>>().toEqualTypeOf<QueryError>()
    const view = db.insertInto("people").values({ id: 1, email: "a", name: "A" })
    expectTypeOf<ErrorOf<typeof view, StaffConstraints>>().toEqualTypeOf<QueryError>()
    const compiled = add.compile()
    expectTypeOf<ErrorOf<typeof compiled, StaffConstraints>>().toEqualTypeOf<QueryError>()
    const raw = db.sql`insert into users default values`
    expectTypeOf<ErrorOf<typeof raw, StaffConstraints>>().toEqualTypeOf<QueryError>()
    const writing = db
      .with("added", () => add.returning("id"))
      .selectFrom("added")
      .selectAll()
    expectTypeOf<ErrorOf<typeof writing, StaffConstraints>>().toEqualTypeOf<QueryError>()
    // oxlint-disable-next-line typescript/no-explicit-any -- as Kysely's own types have it in places
    expectTypeOf<ErrorOf<InsertQueryBuilder<any, any, any>, StaffConstraints>>().toEqualTypeOf<QueryError>()
    expectTypeOf<ErrorOf<typeof add>>().toEqualTypeOf<QueryError>()
  })

  it("is the same through everything that a builder is led through", () => {
    expectTypeOf<ErrorOf<typeof add, StaffConstraints>>().toEqualTypeOf<AddError>()
    expectTypeOf<ErrorOf<typeof change, StaffConstraints>>().toEqualTypeOf<ChangeError>()
    expectTypeOf<ErrorOf<typeof remove, StaffConstraints>>().toEqualTypeOf<RemoveError>()
    expectTypeOf<ErrorOf<typeof merge, StaffConstraints>>().toEqualTypeOf<ChangeError>()
    const upsert = add
      .onConflict((oc) => oc.column("email").doUpdateSet({ name: "B" }))
      .$if(true, (query) => query.returning("id"))
      .$call((query) => query.returning("name"))
    expectTypeOf<ErrorOf<typeof upsert, StaffConstraints>>().toEqualTypeOf<AddError>()
    const withCte = db
      .with("p", () => posts)
      .insertInto("users")
      .values({ email: "a", name: "A" })
    expectTypeOf<ErrorOf<typeof withCte, StaffConstraints>>().toEqualTypeOf<AddError>()
    const from = db.updateTable("users").from("posts").set({ name: "A" }).returningAll("posts")
    expectTypeOf<ErrorOf<typeof from, StaffConstraints>>().toEqualTypeOf<ChangeError>()
    const aliasedFrom = db.updateTable("users").from("posts as p").set({ name: "A" })
    expectTypeOf<ErrorOf<typeof aliasedFrom, StaffConstraints>>().toEqualTypeOf<ChangeError>()
    // The type of a DELETE does not tell its target from what it uses.
    const using = db.deleteFrom("notes").using("users")
    expectTypeOf<ConstraintOf<ErrorOf<typeof using, StaffConstraints>>>().toEqualTypeOf<InboundName>()
    const prepared = prepare("add", (q: QueryBuilders<StaffDB>, email: string) =>
      q.insertInto("users").values({ email, name: "A" }),
    )
    expectTypeOf<ErrorOf<ReturnType<typeof prepared>, StaffConstraints>>().toEqualTypeOf<AddError>()
  })
})

describe("every terminal has the error of its statement", () => {
  const back = add.returning("id")
  type Row = { id: number }

  it("and what it adds itself", async () => {
    expectTypeOf(await db.all(back)).toEqualTypeOf<Result<Row[], AddError>>()
    expectTypeOf(await back.$call(db.all)).toEqualTypeOf<Result<Row[], AddError>>()
    expectTypeOf(await db.one(back)).toEqualTypeOf<Result<Row, AddError | NoRow | TooManyRows>>()
    expectTypeOf(await db.maybeOne(back)).toEqualTypeOf<Result<Row | undefined, AddError | TooManyRows>>()
    expectTypeOf(await db.first(back)).toEqualTypeOf<Result<Row | undefined, AddError>>()
    expectTypeOf(await db.exec(add)).toEqualTypeOf<Result<{ readonly affected: bigint }, AddError>>()
    expectTypeOf(await add.$call(db.exec)).toEqualTypeOf<Result<{ readonly affected: bigint }, AddError>>()
    expectTypeOf(await db.exec(remove)).toEqualTypeOf<Result<{ readonly affected: bigint }, RemoveError>>()
    // @ts-expect-error PostgreSQL allows no write in exists (…)
    void db.exists(back)
    expectTypeOf(db.stream(back)).toEqualTypeOf<AsyncIterable<Result<Row, AddError>>>()
    expectTypeOf(db.forEach(back, () => {})).toEqualTypeOf<
      ResultAsync<{ readonly rows: number }, AddError | CallbackThrew>
    >()
    expectTypeOf(await db.query("select 1")).toExtend<Result<unknown, QueryError>>()
  })

  it("a batch that of any of its statements", async () => {
    const both = await db.batch({ remove, add })
    expectTypeOf<ErrorIn<typeof both>>().toEqualTypeOf<AddError | RemoveError>()
    const more = await db.batch({ remove, posts })
    expectTypeOf<ErrorIn<typeof more>>().toEqualTypeOf<QueryError | RemoveError>()
    expectTypeOf<ConstraintOf<ErrorIn<typeof more>>>().toEqualTypeOf<string>()
  })

  it("a transaction what its callback yields, and what is checked at COMMIT", async () => {
    const added = await db.transaction((tx) => tx.exec(add))
    expectTypeOf<ErrorIn<typeof added>>().toEqualTypeOf<AddError | TransactionError<typeof db>>()
    expectTypeOf<ConstraintOf<ErrorIn<typeof added>>>().toEqualTypeOf<OwnName | "posts_author_fk">()
    const nothing = await db.transaction(() => ok(1))
    expectTypeOf<ConstraintOf<ErrorIn<typeof nothing>>>().toEqualTypeOf<"posts_author_fk">()
    expectTypeOf<Of<TransactionError<typeof staff>, "posts_author_fk">>().toEqualTypeOf<
      ForeignKeyViolation<"posts_author_fk", readonly ["author_id"], "posts">
    >()
    expectTypeOf<NotNull<TransactionError<typeof staff>>["column"]>().toEqualTypeOf<null>()
    expectTypeOf<TransactionError>().toEqualTypeOf<QueryError | CallbackThrew>()
    void db.transaction(async (tx) => {
      const part = await tx.savepoint((inner) => inner.exec(remove))
      expectTypeOf<ErrorIn<typeof part>>().toEqualTypeOf<RemoveError | TransactionError<typeof db>>()
      const same = await tx.atomic((inner) => inner.exec(remove))
      expectTypeOf<ErrorIn<typeof same>>().toEqualTypeOf<RemoveError | TransactionError<typeof db>>()
      return part
    })
    const pinned = await db.withConnection((session) => session.exec(change))
    expectTypeOf<ErrorIn<typeof pinned>>().toEqualTypeOf<ChangeError | TransactionError<typeof db>>()
  })

  it("insertMany and withAdvisoryLock have it, too", async () => {
    const many = await db.insertMany("users", [{ email: "a", name: "A" }])
    expectTypeOf<ErrorIn<typeof many>>().toEqualTypeOf<AddError | CallbackThrew>()
    const locked = await db.withAdvisoryLock("key", (tx) => tx.exec(remove))
    expectTypeOf<ErrorIn<typeof locked>>().toEqualTypeOf<RemoveError | TransactionError<typeof db>>()
  })

  it("attempt collects them", () => {
    const both = attempt(async function* () {
      yield* db.exec(add)
      yield* db.exec(remove)
      return 1
    })
    expectTypeOf(both).toEqualTypeOf<ResultAsync<number, AddError | RemoveError | CallbackThrew>>()
  })

  it("the errors of a known schema are errors of any schema", () => {
    expectTypeOf<AddError>().toExtend<QueryError>()
    expectTypeOf<ChangeError>().toExtend<QueryError>()
    expectTypeOf<RemoveError>().toExtend<QueryError>()
    expectTypeOf<TransactionError<typeof db>>().toExtend<TransactionError>()
    const tell = (error: QueryError): string => error.kind
    expectTypeOf(tell).toBeCallableWith({} as AddError)
  })
})

describe("helpers", () => {
  it("may be generic over the query, the row or the constraints", () => {
    const first = <Q extends Query>(query: WithRows<Q>) => db.first<Q>(query)
    expectTypeOf(first(add.returning("id"))).toEqualTypeOf<ResultAsync<{ id: number } | undefined, AddError>>()
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void first(add)
    const run = <Q extends Query>(query: Q) => db.exec(query)
    expectTypeOf(run(remove)).toEqualTypeOf<ResultAsync<{ readonly affected: bigint }, RemoveError>>()
    const page = <O>(query: SelectQueryBuilder<StaffDB, "users", O>) => db.all(query.limit(20))
    expectTypeOf(page(db.selectFrom("users").select("id"))).toEqualTypeOf<ResultAsync<{ id: number }[], QueryError>>()
    const rows = <O>(query: InsertQueryBuilder<StaffDB, "users", O>) =>
      // @ts-expect-error whether it returns rows is open
      db.all(query)
    void rows
    const rename = (session: Session<StaffDB, StaffConstraints>) => session.exec(change)
    expectTypeOf(rename).toBeCallableWith(db)
    void db.transaction((tx) => rename(tx))
    expectTypeOf(rename(db)).toEqualTypeOf<ResultAsync<{ readonly affected: bigint }, ChangeError>>()
    const anySchema = <C>(session: Session<StaffDB, C>) => session.all(posts)
    expectTypeOf(anySchema).toBeCallableWith(db)
  })

  it("that know nothing of constraints take a database that does", () => {
    const rename = (session: Session<StaffDB>) => session.exec(change)
    expectTypeOf(rename).toBeCallableWith(db)
    const whole = (database: Database<StaffDB>) => database.transaction(() => ok(1))
    expectTypeOf(whole).toBeCallableWith(db)
    void db.transaction((tx) => rename(tx))
  })
})

describe("catchConstraint and catchKind", () => {
  it("take the case out of the error", async () => {
    const caught = db.exec(add).orElse(
      catchConstraint("users_email_key", (error) => {
        expectTypeOf(error).toEqualTypeOf<UniqueViolation<"users_email_key", readonly ["email"], "users">>()
        return err("taken" as const)
      }),
    )
    expectTypeOf<ErrorIn<Awaited<typeof caught>>>().toEqualTypeOf<
      "taken" | Exclude<AddError, { readonly constraint: "users_email_key" }>
    >()
    const again = caught.orElse(catchConstraint("users_pkey", (error) => ok(error.columns)))
    expectTypeOf<ConstraintOf<Exclude<ErrorIn<Awaited<typeof again>>, string>>>().toEqualTypeOf<
      Exclude<OwnName, "users_email_key" | "users_pkey">
    >()
    const kind = db.exec(add).orElse(
      catchKind("deadlock_detected", (error) => {
        expectTypeOf(error).toEqualTypeOf<DeadlockDetected>()
        return ok(1)
      }),
    )
    expectTypeOf<ErrorIn<Awaited<typeof kind>>>().toEqualTypeOf<Exclude<AddError, DeadlockDetected>>()
    const plain = (await db.exec(add)).orElse(catchConstraint("users_email_key", () => ok(1)))
    expectTypeOf<ConstraintOf<ErrorIn<typeof plain>>>().toEqualTypeOf<Exclude<OwnName, "users_email_key">>()
    const late = db.transaction((tx) => tx.exec(add)).orElse(catchConstraint("posts_author_fk", () => ok(1)))
    expectTypeOf<ConstraintOf<ErrorIn<Awaited<typeof late>>>>().toEqualTypeOf<OwnName>()
  })

  it("take handlers that answer a Result, a ResultAsync or a promise", () => {
    type Left = "taken" | Exclude<AddError, { readonly constraint: "users_email_key" }>
    const asked = db.exec(add).orElse(catchConstraint("users_email_key", () => errAsync("taken" as const)))
    expectTypeOf<ErrorIn<Awaited<typeof asked>>>().toEqualTypeOf<Left>()
    const later = db.exec(add).orElse(catchConstraint("users_email_key", async () => err("taken" as const)))
    expectTypeOf<ErrorIn<Awaited<typeof later>>>().toEqualTypeOf<Left>()
    const other = db.exec(add).orElse(catchConstraint("users_email_key", () => db.exec(change)))
    expectTypeOf(other).toEqualTypeOf<
      ResultAsync<
        { readonly affected: bigint },
        ChangeError | Exclude<AddError, { readonly constraint: "users_email_key" }>
      >
    >()
    // @ts-expect-error a handler answers a Result
    void db.exec(add).orElse(catchConstraint("users_email_key", () => 5))
  })

  it("do not take what the statement cannot violate", () => {
    expectTypeOf<"posts_author_fk">().not.toExtend<ConstraintOf<AddError>>()
    // @ts-expect-error a typo
    void db.exec(add).orElse(catchConstraint("users_emial_key", () => ok(1)))
    // @ts-expect-error an insert of users violates no foreign key of posts
    void db.exec(add).orElse(catchConstraint("posts_author_fk", () => ok(1)))
    // @ts-expect-error a delete violates nothing of its own
    void db.exec(remove).orElse(catchConstraint("users_email_key", () => ok(1)))
    const handled = db.exec(add).orElse(catchConstraint("users_pkey", () => ok(1)))
    // @ts-expect-error it is handled already
    void handled.orElse(catchConstraint("users_pkey", () => ok(1)))
    // @ts-expect-error only `one` and `maybeOne` have it
    void db.exec(add).orElse(catchKind("no_row", () => ok(1)))
    // @ts-expect-error there is no such kind
    void db.exec(add).orElse(catchKind("uniqe_violation", () => ok(1)))
    // @ts-expect-error a Result's own orElse waits for nothing
    void db.exec(add).then((result) => result.orElse(catchConstraint("users_pkey", async () => ok(1))))
  })

  it("take any name where any is possible, and leave the others", () => {
    const caught = db.all(posts).orElse(catchConstraint("some_check", (error) => ok(error.kind)))
    expectTypeOf<ErrorIn<Awaited<typeof caught>>>().toEqualTypeOf<QueryError>()
  })
})

describe("fieldErrors", () => {
  it("takes the constraints of the error, and of each what is missing to name the field", async () => {
    const failed = (await db.exec(add))._unsafeUnwrapErr()
    expectTypeOf(fieldErrors(failed, { users_email_key: "used" })).toEqualTypeOf<
      Readonly<Record<string, string>> | undefined
    >()
    void fieldErrors(failed, { users_email_key: { field: "mail", message: "used" }, age_check: "no" })
    void fieldErrors(failed, { users_name_lower_idx: { field: "name", message: "used" } })
    // @ts-expect-error a typo
    void fieldErrors(failed, { users_emial_key: "used" })
    // @ts-expect-error it has no column: name the field
    void fieldErrors(failed, { users_name_lower_idx: "used" })
    // @ts-expect-error a message is a text
    void fieldErrors(failed, { users_email_key: 5 })
  })

  it("knows the error from where it is passed, or is told", async () => {
    const mapped = db.exec(add).mapErr(fieldErrors({ users_email_key: "used" }))
    expectTypeOf<ErrorIn<Awaited<typeof mapped>>>().toEqualTypeOf<Readonly<Record<string, string>> | undefined>()
    // @ts-expect-error a typo
    void db.exec(add).mapErr(fieldErrors({ users_emial_key: "used" }))
    const ofUsers = fieldErrors<InsertError<typeof staff, "users">>({ users_email_key: "used" })
    expectTypeOf(ofUsers).toBeCallableWith((await db.exec(add))._unsafeUnwrapErr())
    // @ts-expect-error a typo
    void fieldErrors<InsertError<typeof staff, "users">>({ users_emial_key: "used" })
    // @ts-expect-error which error is it?
    void fieldErrors({ users_email_key: "used" })
    const failed = (await db.all(posts))._unsafeUnwrapErr()
    void fieldErrors(failed, { anything: { field: "a", message: "b" } })
    // @ts-expect-error of any constraint nobody knows the columns
    void fieldErrors(failed, { anything: "b" })
  })
})

describe("a switch", () => {
  it("over constraints is exhaustive", () => {
    const tell = (error: Extract<AddError, { category: "constraint" }>): string => {
      switch (error.constraint) {
        case "users_email_key":
          expectTypeOf(error.columns[0]).toEqualTypeOf<"email">()
          expectTypeOf(error.table).toEqualTypeOf<"users">()
          return error.columns[0]
        case "age_check":
        case "users_balance_check":
        case "users_manager_fk":
        case "users_pkey":
          return error.columns[0]
        case "users_name_lower_idx":
          return "name"
        // @ts-expect-error there is no such constraint
        case "users_emial_key":
          return ""
        case null:
          return error.constraintName ?? error.kind
        default:
          return assertNever(error)
      }
    }
    const incomplete = (error: Of<AddError, "users_email_key" | "age_check">): string => {
      switch (error.constraint) {
        case "users_email_key":
          return ""
        default:
          // @ts-expect-error age_check is not handled
          return assertNever(error)
      }
    }
    expectTypeOf(tell).returns.toEqualTypeOf<string>()
    expectTypeOf(incomplete).returns.toEqualTypeOf<string>()
  })
})

type Of<E, N extends string> = Extract<E, { readonly constraint: N }>
type NotNull<E> = Extract<E, { readonly kind: "not_null_violation" }>
type ErrorIn<R> = R extends { isErr(): boolean; readonly error: infer E } ? E : never
