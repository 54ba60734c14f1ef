import type { Frame } from "@kysely-resilient/testing/src/proxy/frames.ts"
import type { ClientMessage, ServerMessage } from "@kysely-resilient/testing/src/proxy/messages.ts"
import { Pipeline } from "@kysely-resilient/testing/src/proxy/pipeline.ts"
import * as fc from "fast-check"
import { beforeEach, describe, expect, it } from "vitest"

let pipeline: Pipeline

beforeEach(() => {
  pipeline = started()
})

function started(): Pipeline {
  const fresh = new Pipeline()
  for (const message of ["Authentication", "ParameterStatus", "BackendKeyData"] as const) fresh.answered(message)
  expect(fresh.answered("ReadyForQuery").sql).toEqual([])
  return fresh
}

function frame(...texts: string[]): Frame {
  const payload = Buffer.from(texts.map((text) => `${text}\0`).join(""))
  return { type: "?", totalBytes: payload.length + 5, payload }
}

function send(to: Pipeline, message: ClientMessage, ...texts: string[]): readonly string[] {
  const sql = to.about(message, frame(...texts))
  to.sent(message, frame(...texts))
  return sql
}

/** A statement as drivers send it; with a name, the text is parsed under it. */
function sendStatement(to: Pipeline, text: string, name = ""): void {
  send(to, "Parse", name, text)
  send(to, "Bind", "", name)
  send(to, "Describe", "P")
  send(to, "Execute", "")
}

function nth(group: number, statement: number): string {
  return `statement ${group}.${statement}`
}

const answered = (...messages: ServerMessage[]): (readonly string[])[] =>
  messages.map((message) => pipeline.answered(message).sql)

describe("Pipeline", () => {
  it("knows the text of a simple query until the server is ready again", () => {
    expect(send(pipeline, "Query", "select 1; select 2")).toEqual(["select 1; select 2"])
    const both = ["select 1; select 2"]
    expect(
      answered("RowDescription", "DataRow", "CommandComplete", "RowDescription", "CommandComplete", "ReadyForQuery"),
    ).toEqual([both, both, both, both, both, both])
    expect(answered("NoticeResponse")).toEqual([[]])
  })

  it("counts the rows of each result from one", () => {
    send(pipeline, "Query", "select 1; select 2")
    const rows = (["DataRow", "DataRow", "CommandComplete", "DataRow"] as const).map((m) => pipeline.answered(m).row)
    expect(rows).toEqual([1, 2, 2, 1])
  })

  it("counts the rows of a portal on, when it is fetched in parts", () => {
    sendStatement(pipeline, "select many")
    answered("ParseComplete", "BindComplete", "RowDescription", "DataRow", "DataRow", "PortalSuspended")
    send(pipeline, "Execute", "")
    expect(pipeline.answered("DataRow")).toEqual({ sql: ["select many"], row: 3 })
  })

  it("follows a named statement and a named portal", () => {
    send(pipeline, "Parse", "s1", "select one")
    send(pipeline, "Parse", "s2", "select two")
    expect(send(pipeline, "Bind", "p1", "s1")).toEqual(["select one"])
    expect(send(pipeline, "Bind", "p2", "s2")).toEqual(["select two"])
    expect(send(pipeline, "Execute", "p1")).toEqual(["select one"])
    expect(send(pipeline, "Describe", "Ss2")).toEqual(["select two"])
    expect(send(pipeline, "Close", "Pp1")).toEqual(["select one"])
    expect(send(pipeline, "Execute", "unknown")).toEqual([])
    expect(send(pipeline, "Sync")).toEqual(["select one"])
  })

  it("says of a Sync, and of its answer, what was executed before it", () => {
    for (const text of ["begin", "insert", "commit"]) sendStatement(pipeline, text)
    expect(send(pipeline, "Sync")).toEqual(["begin", "insert", "commit"])
    sendStatement(pipeline, "select later")
    expect(send(pipeline, "Sync")).toEqual(["select later"])
    expect(answered("ErrorResponse", "ReadyForQuery")).toEqual([["begin"], ["begin", "insert", "commit"]])
    expect(answered("ParseComplete")).toEqual([["select later"]])
  })

  it("is not confused by a message that was not sent on", () => {
    pipeline.about("Query", frame("dropped"))
    send(pipeline, "Query", "sent")
    expect(answered("CommandComplete", "ReadyForQuery")).toEqual([["sent"], ["sent"]])
  })

  it("survives answers that nobody asked for", () => {
    expect(answered("ReadyForQuery", "CommandComplete", "DataRow", "ReadyForQuery")).toEqual([[], [], [], []])
  })

  it("property: every answer belongs to its statement, whatever fails and however far ahead the client is", () => {
    // Per Sync: statements, some of them fetched in parts, and perhaps the index of the one that fails and how far it got.
    const group = fc.record({
      parts: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 5 }),
      fails: fc.option(fc.record({ at: fc.nat(4), after: fc.integer({ min: 0, max: 3 }) }), { nil: undefined }),
      simple: fc.boolean(),
      described: fc.constantFrom("RowDescription" as const, "NoData" as const),
    })
    fc.assert(
      fc.property(fc.array(group, { minLength: 1, maxLength: 8, size: "max" }), (groups) => {
        const all = started()
        // The client sends everything before it reads anything.
        for (const [g, { parts, simple }] of groups.entries()) {
          if (simple) {
            send(all, "Query", nth(g, 0))
            continue
          }
          for (const [s, count] of parts.entries()) {
            sendStatement(all, nth(g, s))
            for (let n = 1; n < count; n++) send(all, "Execute", "")
          }
          send(all, "Sync")
        }
        for (const [g, { parts, fails, simple, described }] of groups.entries()) {
          const expectSql = (s: number, ...messages: ServerMessage[]): void => {
            for (const message of messages) expect(all.answered(message).sql).toEqual([nth(g, s)])
          }
          const statements = simple ? [1] : parts
          for (const [s, count] of statements.entries()) {
            const steps: ServerMessage[] = simple
              ? ["RowDescription", "DataRow", "CommandComplete"]
              : ["ParseComplete", "BindComplete", described]
            if (!simple) for (let n = 1; n < count; n++) steps.push("DataRow", "PortalSuspended")
            if (!simple) steps.push("DataRow", "CommandComplete")
            if (fails?.at === s) {
              expectSql(s, ...steps.slice(0, fails.after), "ErrorResponse")
              break
            }
            expectSql(s, ...steps)
          }
          const executed = simple
            ? [nth(g, 0)]
            : parts.flatMap((count, s) => Array.from({ length: count }, () => nth(g, s)))
          expect(all.answered("ReadyForQuery").sql).toEqual(executed)
        }
      }),
    )
  })
})
