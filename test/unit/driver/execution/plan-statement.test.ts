import {
  callLimits,
  planStatements,
  type DoorOptions,
  type Place,
} from "@kysely-resilient/driver/src/execution/plan-statement.ts"
import type { Plan } from "@kysely-resilient/driver/src/execution/plan.ts"
import type { Exchange } from "@kysely-resilient/driver/src/postgres/exchange.ts"
import { describeStatement } from "@kysely-resilient/driver/src/postgres/statement.ts"
import type { CompiledQuery } from "kysely"
import { describe, expect, it } from "vitest"

import { coldKysely } from "../../../support/cold-kysely.ts"
import { connectTo, Fixture, raw } from "./fixture.ts"

const db = coldKysely()

const SHAPES = {
  proved: db.selectFrom("users").select("id").compile(),
  ask: raw("select * from notes"),
  write: db.deleteFrom("users").compile(),
  call: raw("call p()"),
  several: raw("select 1; select 2"),
  begin: raw("begin"),
  commit: raw("commit"),
  rollback: raw("rollback"),
  savepoint: raw("savepoint a"),
} satisfies Record<string, CompiledQuery>

const PLACES = {
  fresh: { fresh: true, inTransaction: false, readOnly: false, wantsXid: false },
  pinned: { fresh: false, inTransaction: false, readOnly: false, wantsXid: false },
  transaction: { fresh: false, inTransaction: true, readOnly: false, wantsXid: false },
  "read-only transaction": { fresh: false, inTransaction: true, readOnly: true, wantsXid: false },
} satisfies Record<string, Place>

const OPTIONS = {
  nothing: {},
  readOnly: { readOnly: true },
  "not readOnly": { readOnly: false },
  idempotent: { idempotent: true },
} satisfies Record<string, DoorOptions>

type Shape = keyof typeof SHAPES
type Where = keyof typeof PLACES
type Said = keyof typeof OPTIONS

const ANY = "*"
const NOWHERE: readonly Where[] = ["fresh", "pinned"]
const INSIDE: readonly Where[] = ["transaction", "read-only transaction"]

interface Expected {
  /** `enclosed`: BEGIN READ ONLY, the statement and COMMIT in one group. */
  readonly flight: "plain" | "simple" | "enclosed"
  readonly access: Plan["access"]
  readonly phase: Plan["phase"]
  readonly repeatable: boolean
  /** Runs as a write when the server refuses it as a read. */
  readonly ifWrite: boolean
  readonly selfCommitting: Plan["selfCommitting"]
}

const row = (
  flight: Expected["flight"],
  access: Expected["access"],
  phase: Expected["phase"],
  more: Partial<Expected> = {},
): Expected => ({ flight, access, phase, repeatable: false, ifWrite: false, selfCommitting: false, ...more })

const again = { repeatable: true } as const
const outside = { selfCommitting: "outside-transaction" } as const
const anywhere = { selfCommitting: "anywhere" } as const

/** Shapes, where, what its caller said, and what follows. Every combination is in exactly one row. */
const TABLE: readonly (readonly [readonly Shape[], readonly Where[], readonly Said[] | typeof ANY, Expected])[] = [
  // A tree that proves a read needs nobody's help, and nobody can talk it out of it.
  [["proved"], NOWHERE, ANY, row("plain", "read", "read", again)],
  [["proved"], INSIDE, ANY, row("plain", "read", "transaction", again)],

  // The server enforces what nobody has proved, but only where no transaction and no session state could be harmed; on a connection
  // that is held, only what was vouched for.
  [["ask"], ["fresh"], ["nothing", "idempotent"], row("enclosed", "read", "read", { ...again, ifWrite: true })],
  [["ask", "write"], ["fresh", "pinned"], ["readOnly"], row("enclosed", "read", "read", again)],
  [["ask"], ["fresh"], ["not readOnly"], row("plain", "write", "write")],
  [["ask"], ["pinned"], ["nothing", "not readOnly"], row("plain", "write", "write")],
  [["ask"], ["pinned"], ["idempotent"], row("plain", "write", "write", again)],

  [["write"], NOWHERE, ["nothing", "not readOnly"], row("plain", "write", "write")],
  [["write"], NOWHERE, ["idempotent"], row("plain", "write", "write", again)],

  [["ask", "write", "savepoint"], ["transaction"], ["nothing", "not readOnly"], row("plain", "write", "transaction")],
  [["ask", "write", "savepoint"], ["transaction"], ["idempotent"], row("plain", "write", "transaction", again)],
  [["ask", "write", "savepoint"], ["transaction"], ["readOnly"], row("plain", "read", "transaction", again)],
  [["ask", "write", "savepoint"], ["read-only transaction"], ANY, row("plain", "read", "transaction", again)],

  // What may commit by itself is never repeated, whatever its caller said.
  [["call"], NOWHERE, ["nothing", "not readOnly", "idempotent"], row("plain", "write", "write", outside)],
  [["call"], ["transaction"], ["nothing", "not readOnly", "idempotent"], row("plain", "write", "transaction", outside)],
  [["call"], ["transaction"], ["readOnly"], row("plain", "read", "transaction", outside)],
  [["call"], ["read-only transaction"], ANY, row("plain", "read", "transaction", outside)],
  // In a transaction of ours it cannot commit by itself.
  [["call"], ["fresh", "pinned"], ["readOnly"], row("enclosed", "read", "read", { ...again, ...outside })],

  // Several in one text travel by the simple protocol, and are never enclosed: one of them may be COMMIT.
  [["several"], NOWHERE, ["nothing", "not readOnly", "idempotent"], row("simple", "write", "write", anywhere)],
  [["several"], NOWHERE, ["readOnly"], row("simple", "read", "read", anywhere)],
  [
    ["several"],
    ["transaction"],
    ["nothing", "not readOnly", "idempotent"],
    row("simple", "write", "transaction", anywhere),
  ],
  [["several"], ["transaction"], ["readOnly"], row("simple", "read", "transaction", anywhere)],
  [["several"], ["read-only transaction"], ANY, row("simple", "read", "transaction", anywhere)],

  // Raw control. COMMIT and ROLLBACK are phases of their own, wherever they run; nothing of a lost BEGIN can stay.
  [["savepoint"], NOWHERE, ["nothing", "not readOnly"], row("plain", "write", "write")],
  [["savepoint"], NOWHERE, ["idempotent"], row("plain", "write", "write", again)],
  [["begin"], NOWHERE, ["nothing", "not readOnly"], row("plain", "write", "transaction")],
  [["begin"], NOWHERE, ["idempotent"], row("plain", "write", "transaction", again)],
  [["begin"], ["transaction"], ["nothing", "not readOnly"], row("plain", "write", "transaction")],
  [["commit"], ["fresh", "pinned", "transaction"], ["nothing", "not readOnly"], row("plain", "write", "commit")],
  [["rollback"], ["fresh", "pinned", "transaction"], ["nothing", "not readOnly"], row("plain", "write", "rollback")],
]

/** Nonsense, which is not looked at: to vouch for BEGIN or COMMIT, or to find them in a transaction that we manage. */
function isNonsense(shape: Shape, where: Where, said: Said): boolean {
  if (shape !== "begin" && shape !== "commit" && shape !== "rollback" && shape !== "savepoint") return false
  if (shape === "savepoint") return said === "readOnly" && NOWHERE.includes(where)
  return said === "readOnly" || said === "idempotent"
    ? shape !== "begin" || INSIDE.includes(where) || said === "readOnly"
    : where === "read-only transaction"
}

const keys = <K extends string>(record: Readonly<Record<K, unknown>>): K[] => Object.keys(record) as K[]

const cases = keys(SHAPES).flatMap((shape) =>
  keys(PLACES).flatMap((where) =>
    keys(OPTIONS)
      .filter((said) => !isNonsense(shape, where, said))
      .map((said) => {
        const rows = TABLE.filter(
          ([shapes, wheres, saids]) =>
            shapes.includes(shape) && wheres.includes(where) && (saids === ANY || saids.includes(said)),
        )
        return [shape, where, said, rows.map(([, , , expected]) => expected)] as const
      }),
  ),
)

function planOf(queries: readonly CompiledQuery[], place: Place, options: DoorOptions, fixture = new Fixture()): Plan {
  const outcome = planStatements(fixture.machine, queries, queries.map(describeStatement), place, options)
  if (!outcome.ok) throw new Error(outcome.failure.message)
  return outcome.value
}

const connection = connectTo(new Fixture().server)

function flightOf(plan: Plan): Expected["flight"] {
  const { request }: Exchange = plan.exchangeOn(connection)
  if (request.protocol === "simple") return "simple"
  const commands = request.steps.flatMap((step) => (step.do === "command" ? [step.sql] : []))
  return commands.join(";") === "begin read only;commit" ? "enclosed" : "plain"
}

describe("what policy allows a statement", () => {
  it.each(cases)("%s, %s, with %s said", (shape, where, said, expected) => {
    expect(expected).toHaveLength(1)
    const plan = planOf([SHAPES[shape]], PLACES[where], OPTIONS[said])
    expect({
      flight: flightOf(plan),
      access: plan.access,
      phase: plan.phase,
      repeatable: plan.repeatable,
      ifWrite: plan.ifWrite !== undefined,
      selfCommitting: plan.selfCommitting,
    }).toEqual(expected[0])
    expect(plan).toMatchObject({ enclosed: flightOf(plan) === "enclosed", counted: true, rowsDelivered: false })
  })

  it("runs what was a write after all as one, once, and not in its caller's name", () => {
    const plan = planOf([SHAPES.ask], PLACES.fresh, {}).ifWrite
    expect(plan).toMatchObject({
      access: "write",
      phase: "write",
      repeatable: false,
      ifWrite: undefined,
      enclosed: false,
    })
    expect(plan !== undefined && flightOf(plan)).toBe("plain")
    expect(planOf([SHAPES.ask], PLACES.fresh, { idempotent: true }).ifWrite?.repeatable).toBe(true)
  })

  it("does not enclose a text that is known to write", () => {
    const fixture = new Fixture()
    fixture.machine.knownWrites.remember(SHAPES.ask.sql)
    const plan = planOf([SHAPES.ask], PLACES.fresh, {}, fixture)
    expect(plan).toMatchObject({ access: "write", phase: "write", enclosed: false, repeatable: false })
    // Its caller knows better, and the server sees to it.
    expect(planOf([SHAPES.ask], PLACES.fresh, { readOnly: true }, fixture)).toMatchObject({ enclosed: true })
  })

  it("takes a batch for one: as good as the worst of its statements", () => {
    const { proved, ask, write, call, several } = SHAPES
    const shapesOf = (...queries: CompiledQuery[]) => {
      const plan = planOf(queries, PLACES.fresh, {})
      return [flightOf(plan), plan.access, plan.repeatable, plan.selfCommitting]
    }
    expect(shapesOf(proved, proved)).toEqual(["plain", "read", true, false])
    expect(shapesOf(proved, ask)).toEqual(["enclosed", "read", true, false])
    expect(shapesOf(ask, write)).toEqual(["plain", "write", false, false])
    expect(shapesOf(proved, call)).toEqual(["plain", "write", false, "outside-transaction"])
    expect(shapesOf(call, several)).toEqual(["plain", "write", false, "anywhere"])
  })

  it("sends a batch in one group, in its order, with each statement's own parameters", () => {
    const first = { ...raw("select $1"), parameters: [1] }
    const second = { ...raw("select $1, $2"), parameters: ["a", null] }
    const plan = planOf([first, second], PLACES.pinned, { label: "two", readOnly: false })
    expect(plan).toMatchObject({ sql: "select $1;\nselect $1, $2", label: "two", queryId: "select $1" })
    expect(plan.exchangeOn(connection).request).toEqual({
      protocol: "extended",
      steps: [
        { do: "execute", sql: "select $1", parameters: ["1"] },
        { do: "execute", sql: "select $1, $2", parameters: ["a", null] },
      ],
    })
  })

  it("makes a new exchange for each try", () => {
    const plan = planOf([SHAPES.write], PLACES.fresh, {})
    expect(plan.exchangeOn(connection)).not.toBe(plan.exchangeOn(connection))
  })

  it("leaves several statements with parameters to the server's own refusal: the simple protocol has no place for them", () => {
    const plan = planOf([{ ...SHAPES.several, parameters: [1] }], PLACES.fresh, {})
    expect(plan.exchangeOn(connection).request.protocol).toBe("extended")
  })

  it.each([
    ["a parameter", { ...raw("select $1"), parameters: ["\0"] }, /\$1 contains a NUL/],
    ["the text", raw("select '\0'"), /SQL text contains a NUL/],
  ])("refuses %s that cannot be sent, before anything is", (_, query, message) => {
    const { machine } = new Fixture()
    const outcome = planStatements(machine, [query], [describeStatement(query)], PLACES.fresh, {})
    expect(outcome).toMatchObject({
      ok: false,
      failure: { kind: "encode_failed", effect: "not_applied", retry: "never", connection: "keep" },
    })
    expect(!outcome.ok && outcome.failure.message).toMatch(message)
  })
})

describe("the limits of a call", () => {
  it("are the driver's own, unless it says otherwise", () => {
    const fixture = new Fixture({ queryMs: 700, attemptsMax: 4 })
    const { machine, clock } = fixture
    const { signal } = new AbortController()
    expect(callLimits(machine, {})).toEqual({
      retry: true,
      attemptsMax: 4,
      deadline: { at: clock.now() + 700, limitMs: 700 },
      signal: undefined,
      abortInFlight: true,
    })
    expect(callLimits(machine, { timeoutMs: 9, retry: { attemptsMax: 2 }, signal, abortInFlight: false })).toEqual({
      retry: true,
      attemptsMax: 2,
      deadline: { at: clock.now() + 9, limitMs: 9 },
      signal,
      abortInFlight: false,
    })
  })

  it("have the earlier of two deadlines", () => {
    const { machine, clock } = new Fixture()
    const deadline = { at: clock.now() + 50, limitMs: 500 }
    expect(callLimits(machine, { deadline }).deadline).toBe(deadline)
    expect(callLimits(machine, { deadline, timeoutMs: 60 }).deadline).toBe(deadline)
    expect(callLimits(machine, { deadline, timeoutMs: 40 }).deadline?.limitMs).toBe(40)
    expect(callLimits(machine, {}).deadline).toBeUndefined()
  })

  it("allow no retry where either the driver or the caller has switched it off", () => {
    const off = new Fixture({ retry: false }).machine
    expect(callLimits(off, { retry: { attemptsMax: 5 } }).retry).toBe(false)
    expect(callLimits(new Fixture().machine, { retry: false }).retry).toBe(false)
  })
})
