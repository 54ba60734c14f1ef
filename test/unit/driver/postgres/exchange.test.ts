import type { ColumnReaders, Read } from "@kysely-resilient/driver/src/postgres/decoding.ts"
import { Exchange } from "@kysely-resilient/driver/src/postgres/exchange.ts"
import type { Request, Step } from "@kysely-resilient/driver/src/postgres/request.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { INT4, ScriptedWire, UNREADABLE } from "../../../support/scripted-client.ts"

const command = (sql: string): Step => ({ do: "command", sql })
const execute = (sql: string, parameters: (string | Buffer | null)[] = []): Step => ({ do: "execute", sql, parameters })
const extended = (...steps: Step[]): Request => ({ protocol: "extended", steps })
const simple = (sql: string): Request => ({ protocol: "simple", sql })

const number = { fields: [{ name: "n", dataTypeID: INT4 }] }
const complete = (text: string) => ({ text })

const UNKNOWN = 99_999

function readersOf(readerOf: (oid: number) => Read | undefined): ColumnReaders {
  return { readerOf: ({ dataTypeID }) => readerOf(dataTypeID), typeOf: ({ dataTypeID }) => `type ${dataTypeID}` }
}

function exchangeOf(request: Request): Exchange {
  const exchange = new Exchange(request)
  exchange.readers = readersOf((oid) => {
    if (oid === UNKNOWN) return undefined
    if (oid !== UNREADABLE) return Number
    return () => {
      throw new Error("unreadable")
    }
  })
  return exchange
}

describe("what is sent", () => {
  it("is one write for the whole group, with Sync at its end", () => {
    const wire = new ScriptedWire()
    const exchange = exchangeOf(
      extended(command("begin read only"), execute("select $1", ["a", Buffer.from("b"), null]), command("commit")),
    )
    expect(exchange.sent).toBe(false)
    expect(exchange.submit(wire)).toBeNull()
    expect(exchange.sent).toBe(true)
    const parse = (sql: string) => ({ type: "parse", statement: "", sql, parameterTypes: 0 })
    const bind = { type: "bind", portal: "", statement: "", formats: [], values: [], resultFormats: 0 }
    const run = { type: "execute", portal: "", rowsMax: 0 }
    expect(wire.groups).toEqual([
      [
        parse("begin read only"),
        bind,
        run,
        parse("select $1"),
        { ...bind, formats: [0, 1, 0], values: [Buffer.from("a"), Buffer.from("b"), null] },
        { type: "describe", what: "P", name: "" },
        run,
        parse("commit"),
        bind,
        run,
        { type: "sync" },
      ],
    ])
  })

  it("opens, fetches from and closes a portal of its own name", () => {
    const wire = new ScriptedWire()
    const opening: Step = { do: "open-portal", sql: "select 1", parameters: [], portal: "p", rowsMax: 7 }
    const fetching: Step = { do: "fetch", portal: "p", rowsMax: 9 }
    exchangeOf(extended(opening, fetching, { do: "close-portal", portal: "p" })).submit(wire)
    expect(wire.groups[0]?.map((message) => [message.type, Object.values(message).slice(1)])).toEqual([
      ["parse", ["", "select 1", 0]],
      ["bind", ["p", "", [], [], 0]],
      ["describe", ["P", "p"]],
      ["execute", ["p", 7]],
      ["execute", ["p", 9]],
      ["close", ["P", "p"]],
      ["sync", []],
    ])
  })

  it("prepares a named statement where nobody knows it yet, and frees its name before", () => {
    const wire = new ScriptedWire()
    const named = (): Exchange => exchangeOf(extended({ do: "execute", sql: "select 1", parameters: [], name: "one" }))
    const first = named()
    first.submit(wire)
    first.handleCommandComplete(complete("SELECT 1"))
    const second = named()
    second.submit(wire)
    second.handleError(new Error("it is gone"))
    named().submit(wire)
    const preparing = [
      ["close", "S", "one"],
      ["parse", "one"],
      ["bind", "", "one"],
    ]
    const running = [["describe", "P", ""], ["execute", ""], ["sync"]]
    const seen = wire.groups.map((group) =>
      group.map((message) => {
        switch (message.type) {
          case "close":
          case "describe":
            return [message.type, message.what, message.name]
          case "parse":
            return [message.type, message.statement]
          case "bind":
            return [message.type, message.portal, message.statement]
          case "execute":
            return [message.type, message.portal]
          default:
            return [message.type]
        }
      }),
    )
    expect(seen).toEqual([
      [...preparing, ...running],
      [["bind", "", "one"], ...running],
      [...preparing, ...running],
    ])
  })

  it("prepares a name again for another text", () => {
    const wire = new ScriptedWire()
    wire.parsedStatements = { one: "select 1" }
    exchangeOf(extended({ do: "execute", sql: "select 2", parameters: [], name: "one" })).submit(wire)
    expect(wire.groups[0]?.slice(0, 2)).toMatchObject([{ type: "close" }, { type: "parse", sql: "select 2" }])
  })

  it("is only Sync where there is nothing to do, and a plain text under the simple protocol", () => {
    const wire = new ScriptedWire()
    exchangeOf(extended()).submit(wire)
    exchangeOf(simple("begin; set local lock_timeout = 5")).submit(wire)
    expect(wire.groups).toEqual([[{ type: "sync" }], [{ type: "query", sql: "begin; set local lock_timeout = 5" }]])
  })

  it("is nothing on a socket that takes no more", () => {
    const wire = new ScriptedWire()
    wire.socket.writable = false
    const exchange = exchangeOf(extended(execute("select 1")))
    expect(exchange.submit(wire)).toBeInstanceOf(Error)
    expect(exchange.sent).toBe(false)
    expect(wire.groups).toEqual([])
  })
})

describe("what is answered", () => {
  it("is one reply per statement; our own commands have none", () => {
    const exchange = exchangeOf(extended(command("begin"), execute("a"), execute("b"), command("commit")))
    exchange.handleCommandComplete(complete("BEGIN"))
    exchange.handleRowDescription(number)
    exchange.handleDataRow({ fields: ["1"] })
    exchange.handleDataRow({ fields: ["2"] })
    exchange.handleCommandComplete(complete("SELECT 2"))
    exchange.handleCommandComplete(complete("INSERT 0 3"))
    expect(exchange.commitTag).toBeUndefined()
    exchange.handleCommandComplete(complete("COMMIT"))
    expect(exchange.replies).toMatchObject([
      { rows: [{ n: 1 }, { n: 2 }], command: "SELECT", affected: 2n, suspended: false },
      { rows: [], command: "INSERT", affected: 3n, suspended: false },
    ])
    expect(exchange).toMatchObject({ completed: 4, commitTag: "COMMIT" })
  })

  it("describes its columns and keeps its tag, and leaves its rows alone if it is told to", () => {
    const exchange = exchangeOf(extended(execute("a")))
    exchange.raw = true
    exchange.handleRowDescription(number)
    exchange.handleDataRow({ fields: ["1"] })
    exchange.handleCommandComplete(complete("SELECT 1"))
    expect(exchange.replies).toMatchObject([{ rows: [["1"]], fields: number.fields, tag: "SELECT 1" }])
  })

  it("is a reply without rows where there were none", () => {
    const exchange = exchangeOf(extended(execute("a")))
    exchange.handleRowDescription(number)
    exchange.handleCommandComplete(complete("SELECT 0"))
    expect(exchange.replies).toMatchObject([{ rows: [], command: "SELECT", affected: 0n, suspended: false }])
  })

  it("is one per statement of a simple query, COMMIT and BEGIN included", () => {
    const exchange = exchangeOf(simple("begin; select 1; ; commit"))
    exchange.handleCommandComplete(complete("BEGIN"))
    exchange.handleRowDescription(number)
    exchange.handleDataRow({ fields: ["1"] })
    exchange.handleCommandComplete(complete("SELECT 1"))
    exchange.handleCommandComplete(complete("COMMIT"))
    expect(exchange.replies.map(({ command: tag, rows }) => [tag, rows])).toEqual([
      ["BEGIN", []],
      ["SELECT", [{ n: 1 }]],
      ["COMMIT", []],
    ])
    expect(exchange.commitTag).toBe("COMMIT")
  })

  it("is an empty reply to an empty text, which completes nothing", () => {
    const exchange = exchangeOf(extended(execute("")))
    exchange.handleEmptyQuery()
    expect(exchange.replies).toMatchObject([{ rows: [], command: "", affected: undefined, suspended: false }])
    expect(exchange.completed).toBe(0)
  })

  it("may be suspended, and go on in another exchange with the same columns", () => {
    const opening = exchangeOf(
      extended(command("begin"), { do: "open-portal", sql: "a", parameters: [], portal: "p", rowsMax: 1 }),
    )
    opening.handleCommandComplete(complete("BEGIN"))
    opening.handleRowDescription(number)
    opening.handleDataRow({ fields: ["1"] })
    opening.handlePortalSuspended()
    expect(opening.replies).toMatchObject([{ rows: [{ n: 1 }], command: "", affected: undefined, suspended: true }])
    expect(opening.completed).toBe(1)

    const next = new Exchange(extended({ do: "fetch", portal: "p", rowsMax: 1 }), opening.decoder)
    next.handleDataRow({ fields: ["2"] })
    next.handleCommandComplete(complete("SELECT 1"))
    expect(next.replies).toMatchObject([{ rows: [{ n: 2 }], command: "SELECT", affected: 1n, suspended: false }])
  })

  it("counts no answer for a closed portal, which has none that is heard", () => {
    const exchange = exchangeOf(extended({ do: "close-portal", portal: "p" }, command("commit"), execute("b")))
    exchange.handleCommandComplete(complete("COMMIT"))
    exchange.handleCommandComplete(complete("DELETE 0"))
    expect(exchange.replies.map((reply) => reply.command)).toEqual(["DELETE"])
  })

  it("keeps what was answered before an error, and the first error only", () => {
    const exchange = exchangeOf(extended(execute("a"), execute("b")))
    const first = new Error("first")
    exchange.handleCommandComplete(complete("SELECT 1"))
    exchange.handleError(first)
    exchange.handleError(new Error("second"))
    exchange.handleReadyForQuery()
    expect(exchange.replies).toHaveLength(1)
    expect(exchange.error).toBe(first)
    expect(exchange.ready).toBeUndefined()
  })

  it.each([
    ["SELECT 5", "SELECT", 5n],
    ["INSERT 0 12", "INSERT", 12n],
    ["UPDATE 0", "UPDATE", 0n],
    ["COPY 18446744073709551615", "COPY", 18_446_744_073_709_551_615n],
    ["CREATE TABLE", "CREATE TABLE", undefined],
    ["REFRESH MATERIALIZED VIEW", "REFRESH MATERIALIZED VIEW", undefined],
    ["BEGIN", "BEGIN", undefined],
    ["", "", undefined],
  ])("reads the tag %j", (text, tag, affected) => {
    const exchange = exchangeOf(extended(execute("a")))
    exchange.handleCommandComplete(complete(text))
    expect(exchange.replies).toMatchObject([{ rows: [], command: tag, affected, suspended: false }])
  })

  it("tells ROLLBACK in answer to COMMIT", () => {
    const exchange = exchangeOf(simple("commit"))
    exchange.handleCommandComplete(complete("ROLLBACK"))
    expect(exchange.commitTag).toBe("ROLLBACK")
  })

  it("of a row that could not be read says which column, and reads no further; the statement is done all the same", () => {
    const exchange = exchangeOf(extended(execute("a"), execute("b")))
    exchange.handleRowDescription({ fields: [...number.fields, { name: "bad", dataTypeID: UNREADABLE }] })
    exchange.handleDataRow({ fields: ["1", null] })
    exchange.handleDataRow({ fields: ["2", "x"] })
    exchange.handleDataRow({ fields: ["3", null] })
    exchange.handleCommandComplete(complete("SELECT 3"))
    expect(exchange.decodeFailure).toEqual({
      column: "bad",
      type: `type ${UNREADABLE}`,
      cause: new Error("unreadable"),
    })
    expect(exchange.replies[0]?.rows).toEqual([{ n: 1, bad: null }])
    expect(exchange).toMatchObject({ completed: 1, error: undefined })
  })

  it("keeps rows of a type that nobody knows until it is known, and those of other statements come as ever", () => {
    const exchange = exchangeOf(extended(execute("a"), execute("b"), execute("c")))
    const unknown = { fields: [{ name: "u", dataTypeID: UNKNOWN }] }
    for (const description of [unknown, number, unknown]) {
      exchange.handleRowDescription(description)
      exchange.handleDataRow({ fields: ["1"] })
      exchange.handleDataRow({ fields: ["2"] })
      exchange.handleCommandComplete(complete("SELECT 2"))
    }
    expect(exchange.replies.map((reply) => reply.rows)).toEqual([[], [{ n: 1 }, { n: 2 }], []])
    exchange.readLate(readersOf(() => (text) => `<${text}>`))
    expect(exchange.replies.map((reply) => reply.rows)).toEqual([
      [{ u: "<1>" }, { u: "<2>" }],
      [{ n: 1 }, { n: 2 }],
      [{ u: "<1>" }, { u: "<2>" }],
    ])
    expect(exchange).toMatchObject({ unread: undefined, decodeFailure: undefined, answered: true })
  })

  it("of rows whose type nobody comes to know says which column that is", () => {
    const exchange = exchangeOf(extended(execute("a")))
    exchange.handleRowDescription({ fields: [...number.fields, { name: "u", dataTypeID: UNKNOWN }] })
    exchange.handleDataRow({ fields: ["1", null] })
    exchange.handleDataRow({ fields: ["2", "x"] })
    exchange.handleCommandComplete(complete("SELECT 2"))
    exchange.readLate()
    expect(exchange.decodeFailure).toMatchObject({ column: "u", type: `type ${UNKNOWN}` })
    expect(exchange.replies[0]?.rows).toEqual([{ n: 1, u: null }])
  })

  it("makes nothing of rows that nobody has described", () => {
    const exchange = exchangeOf(extended(execute("a")))
    exchange.handleDataRow({ fields: ["1"] })
    expect(exchange.replies).toEqual([])
  })

  it("property: the replies are those of the statements, in their order, whatever stands between them", () => {
    const step = fc.constantFrom("command", "execute", "close-portal", "fetch")
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30, size: "max" }), (kinds) => {
        const steps = kinds.map((kind, index): Step => {
          if (kind === "command") return command("begin")
          if (kind === "execute") return execute("x")
          return kind === "fetch"
            ? { do: "fetch", portal: "p", rowsMax: 1 }
            : { do: "close-portal", portal: `p${index}` }
        })
        const exchange = exchangeOf(extended(...steps))
        kinds.forEach((kind, index) => {
          if (kind === "fetch" && index % 2 === 0) exchange.handlePortalSuspended()
          else if (kind !== "close-portal") exchange.handleCommandComplete(complete(`UPDATE ${index}`))
        })
        const expected = kinds.flatMap((kind, index) => {
          if (kind === "command" || kind === "close-portal") return []
          return [kind === "fetch" && index % 2 === 0 ? "suspended" : BigInt(index)]
        })
        expect(exchange.replies.map((reply) => (reply.suspended ? "suspended" : reply.affected))).toEqual(expected)
      }),
    )
  })
})

describe("COPY", () => {
  it("FROM STDIN is refused, and the server told to go on", () => {
    const wire = new ScriptedWire()
    exchangeOf(extended(execute("copy t from stdin"))).handleCopyInResponse(wire)
    expect(wire.copyFails).toEqual(["COPY FROM STDIN is not supported through a query"])
    expect(wire.groups).toEqual([[{ type: "sync" }]])
  })

  it("FROM STDIN in a simple query needs no Sync", () => {
    const wire = new ScriptedWire()
    exchangeOf(simple("copy t from stdin")).handleCopyInResponse(wire)
    expect(wire.copyFails).toHaveLength(1)
    expect(wire.groups).toEqual([])
  })

  it("TO STDOUT is done, and its data are not kept", () => {
    const exchange = exchangeOf(simple("copy t to stdout"))
    exchange.handleCopyData()
    exchange.handleCommandComplete(complete("COPY 3"))
    expect(exchange.replies).toMatchObject([{ rows: [], command: "COPY", affected: 3n, suspended: false }])
  })
})

describe("an answer out of step", () => {
  const row = (...fields: (string | null)[]) => ({ fields })
  const outOfStep = expect.objectContaining({ message: expect.stringContaining("received invalid response") })

  it.each([
    ["a row that nobody has described", (exchange: Exchange) => exchange.handleDataRow(row("1"))],
    [
      "a row with too few columns",
      (exchange: Exchange) => {
        exchange.handleRowDescription(number)
        exchange.handleDataRow(row())
      },
    ],
    [
      "a row with too many columns",
      (exchange: Exchange) => {
        exchange.handleRowDescription(number)
        exchange.handleDataRow(row("1", "2"))
      },
    ],
  ])("%s is no row", (_, say) => {
    const exchange = exchangeOf(extended(execute("select 1")))
    say(exchange)
    exchange.handleCommandComplete(complete("SELECT 1"))
    expect(exchange.error).toEqual(outOfStep)
    expect(exchange.replies[0]?.rows).toEqual([])
  })

  it.each([
    [extended(), 0],
    [extended(command("begin"), execute("select 1"), command("commit")), 3],
    [extended({ do: "fetch", portal: "p", rowsMax: 1 }, { do: "close-portal", portal: "p" }), 1],
    [simple("select 1"), 1],
  ])("%o is answered by %d, and not by fewer", (request, answers) => {
    const exchange = exchangeOf(request)
    for (let n = 0; n < answers; n += 1) {
      expect(exchange.answered).toBe(false)
      exchange.handleCommandComplete(complete("X"))
    }
    expect(exchange.answered).toBe(true)
  })

  it("is one with more answers than were asked for", () => {
    const exchange = exchangeOf(extended(execute("select 1")))
    for (let n = 0; n < 2; n += 1) exchange.handleCommandComplete(complete("SELECT 0"))
    expect(exchange.answered).toBe(false)
  })
})
