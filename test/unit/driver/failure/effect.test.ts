import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { commitsByItself, effectOf, untouched } from "@kysely-resilient/driver/src/failure/effect.ts"
import type { Ending, Evidence } from "@kysely-resilient/driver/src/failure/effect.ts"
import type { Effect, Phase } from "@kysely-resilient/driver/src/failure/failure.ts"
import { sent } from "./support.ts"

type Case = readonly [because: string, evidence: Evidence, ending: Ending, effect: Effect]

const simple = { protocol: "simple" } as const

const laws: Readonly<Record<string, readonly Case[]>> = {
  "L1: without COMMIT nothing of a transaction stays": [
    ["the socket died", sent("transaction"), "lost", "not_applied"],
    ["the server panicked", sent("transaction", { quickdie: true }), "lost", "not_applied"],
    ["its statement had been answered", sent("transaction", { completed: true, ready: true }), "lost", "not_applied"],
    ["the socket died at ROLLBACK", sent("rollback"), "lost", "not_applied"],
    ["its answer could not be decoded", sent("transaction", { completed: true }), "acknowledged", "not_applied"],
  ],
  "L2: ERROR means rolled back": [
    ["of an autocommit write", sent("write"), "error", "not_applied"],
    ["at COMMIT", sent("commit"), "error", "not_applied"],
    ["of a simple query", sent("write", simple), "error", "not_applied"],
    ["at Sync, after CommandComplete", sent("write", { completed: true, ready: true }), "error", "not_applied"],
    [
      "after CommandComplete, if the session did not survive it",
      sent("write", { completed: true }),
      "error",
      "unknown",
    ],
  ],
  "L3: FATAL means rolled back, before CommandComplete": [
    ["of an autocommit write", sent("write"), "fatal", "not_applied"],
    ["at COMMIT", sent("commit"), "fatal", "not_applied"],
    ["after CommandComplete of an extended query", sent("write", { completed: true }), "fatal", "unknown"],
  ],
  "L4: otherwise nobody has told us": [
    ["the socket died at COMMIT", sent("commit"), "lost", "unknown"],
    ["the socket died under an autocommit write", sent("write"), "lost", "unknown"],
    ["the socket died under a simple query", sent("write", simple), "lost", "unknown"],
    ["a read that may have been none", sent("read", { readOnly: false }), "lost", "unknown"],
  ],
  "L5: CommandComplete": [
    [
      "of COMMIT is written after the commit",
      sent("commit", { commitTag: "COMMIT", completed: true }),
      "lost",
      "applied",
    ],
    [
      "of COMMIT is written after the commit, of a simple query too",
      sent("commit", { ...simple, commitTag: "COMMIT", completed: true }),
      "lost",
      "applied",
    ],
    ["of COMMIT outweighs a FATAL that follows", sent("commit", { commitTag: "COMMIT" }), "fatal", "applied"],
    ["of an extended write comes before its commit", sent("write", { completed: true }), "lost", "unknown"],
    ["of a simple write comes after its commit", sent("write", { ...simple, completed: true }), "lost", "applied"],
  ],
  "L6: COMMIT was answered ROLLBACK": [
    ["an earlier statement had failed", sent("commit", { commitTag: "ROLLBACK", ready: true }), "lost", "not_applied"],
  ],
  "L7: committed here, not confirmed by the standby": [
    [
      "the wait was cancelled",
      sent("commit", { syncRepWait: true, commitTag: "COMMIT" }),
      "acknowledged",
      "applied_locally",
    ],
    ["the backend was terminated", sent("commit", { syncRepWait: true }), "lost", "applied_locally"],
    ["of an autocommit write", sent("write", { syncRepWait: true }), "lost", "applied_locally"],
  ],
  "L8: quickdie says nothing of the statement": [
    ["of an autocommit write", sent("write", { quickdie: true }), "lost", "unknown"],
    ["at COMMIT, even if something else was said", sent("commit", { quickdie: true }), "fatal", "unknown"],
    ["in a transaction L1 decides", sent("transaction", { quickdie: true }), "lost", "not_applied"],
  ],
  "L9: nothing reached the server": [
    ["no bytes were handed to the socket", untouched("write"), "lost", "not_applied"],
    ["not even those of COMMIT", untouched("commit"), "lost", "not_applied"],
    ["the pooler kept it", sent("commit"), "unforwarded", "not_applied"],
    ["waiting for a connection", sent("acquire"), "lost", "not_applied"],
    ["opening one", sent("connect"), "fatal", "not_applied"],
    ["at rest", sent("idle"), "fatal", "not_applied"],
    [
      "what commits by itself did not run either",
      { ...untouched("write"), selfCommitting: "anywhere" },
      "lost",
      "not_applied",
    ],
    ["an answer proves the contrary", { ...untouched("commit"), commitTag: "COMMIT" }, "lost", "applied"],
  ],
  "L10: what only reads changes nothing": [
    ["the socket died", sent("read", { readOnly: true }), "lost", "not_applied"],
    ["at the COMMIT of a read-only transaction", sent("commit", { readOnly: true }), "lost", "not_applied"],
    ["though it was acknowledged", sent("read", { readOnly: true, completed: true }), "acknowledged", "not_applied"],
  ],
  "L11: it may have committed by itself": [
    [
      "a procedure that commits and then raises 40001",
      sent("write", { selfCommitting: "outside-transaction" }),
      "error",
      "unknown",
    ],
    [
      "a procedure, and the session ended",
      sent("write", { selfCommitting: "outside-transaction" }),
      "fatal",
      "unknown",
    ],
    [
      "a procedure in a transaction may not commit",
      sent("transaction", { selfCommitting: "outside-transaction" }),
      "error",
      "not_applied",
    ],
    [
      "several statements in one text, of which one may be COMMIT",
      sent("transaction", { selfCommitting: "anywhere", ...simple }),
      "error",
      "unknown",
    ],
    [
      "whatever its caller says it only does",
      sent("write", { selfCommitting: "anywhere", readOnly: true }),
      "error",
      "unknown",
    ],
    ["it ran to its end", sent("write", { selfCommitting: "anywhere", completed: true }), "acknowledged", "applied"],
  ],
  "a COMMIT that met no transaction": [
    [
      "says nothing about ours",
      sent("commit", { noTransaction: true, commitTag: "COMMIT", ready: true }),
      "lost",
      "unknown",
    ],
  ],
  "a failure of ours after the server was done": [
    ["leaves an autocommit write applied", sent("write", { completed: true, ready: true }), "acknowledged", "applied"],
  ],
}

describe.each(Object.entries(laws))("%s", (_, cases) => {
  it.each(cases)("%s", (_because, evidence, ending, effect) => {
    expect(effectOf(evidence, ending)).toBe(effect)
  })
})

const phases: readonly Phase[] = ["acquire", "connect", "read", "write", "transaction", "commit", "rollback", "idle"]
const endings: readonly Ending[] = ["unforwarded", "error", "fatal", "acknowledged", "lost"]

const anyEvidence: fc.Arbitrary<Evidence> = fc.record(
  {
    phase: fc.constantFrom(...phases),
    sent: fc.boolean(),
    readOnly: fc.boolean(),
    selfCommitting: fc.constantFrom(false as const, "outside-transaction" as const, "anywhere" as const),
    commitTag: fc.constantFrom("COMMIT" as const, "ROLLBACK" as const),
    noTransaction: fc.boolean(),
    completed: fc.boolean(),
    ready: fc.boolean(),
    protocol: fc.constantFrom("simple" as const, "extended" as const),
    syncRepWait: fc.boolean(),
    quickdie: fc.boolean(),
    backstop: fc.boolean(),
    everConnected: fc.boolean(),
  },
  {
    requiredKeys: [
      "phase",
      "sent",
      "readOnly",
      "selfCommitting",
      "noTransaction",
      "completed",
      "ready",
      "protocol",
      "syncRepWait",
      "quickdie",
      "backstop",
      "everConnected",
    ],
  },
)
const anyEnding = fc.constantFrom(...endings)
const reachable = (phase: Phase): boolean => phase !== "acquire" && phase !== "connect" && phase !== "idle"

describe("the laws together", () => {
  it("answer everything", () => {
    fc.assert(
      fc.property(anyEvidence, anyEnding, (evidence, ending) => {
        expect(["not_applied", "applied", "applied_locally", "unknown"]).toContain(effectOf(evidence, ending))
      }),
    )
  })

  it("never call a write undone that COMMIT's tag, or the wait for the standby, shows to be done", () => {
    fc.assert(
      fc.property(anyEvidence, anyEnding, (evidence, ending) => {
        fc.pre(reachable(evidence.phase) && !evidence.readOnly)
        fc.pre(evidence.commitTag === "COMMIT" || evidence.syncRepWait)
        expect(effectOf(evidence, ending)).not.toBe("not_applied")
      }),
      { numRuns: 1_000 },
    )
  })

  it("never call a write done that nothing shows to be done", () => {
    fc.assert(
      fc.property(anyEvidence, anyEnding, (evidence, ending) => {
        fc.pre(
          evidence.commitTag !== "COMMIT" && !evidence.syncRepWait && !evidence.completed && ending !== "acknowledged",
        )
        expect(["not_applied", "unknown"]).toContain(effectOf(evidence, ending))
      }),
      { numRuns: 1_000 },
    )
  })

  it("never vouch for a write or a COMMIT that was sent and whose answer was lost", () => {
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const silent = {
          ...evidence,
          sent: true,
          completed: false,
          syncRepWait: false,
          noTransaction: false,
          readOnly: false,
        }
        delete (silent as { commitTag?: unknown }).commitTag
        fc.pre(silent.phase === "write" || silent.phase === "commit" || silent.phase === "read")
        expect(effectOf(silent, "lost")).toBe("unknown")
      }),
    )
  })

  it("never vouch for the failure of what commits by itself, once it was sent", () => {
    fc.assert(
      fc.property(anyEvidence, anyEnding, (evidence, ending) => {
        const told = { ...evidence, sent: true }
        fc.pre(reachable(told.phase) && commitsByItself(told) && ending !== "unforwarded" && ending !== "acknowledged")
        expect(effectOf(told, ending)).toBe("unknown")
      }),
    )
  })

  it("leave nothing unknown of what was never sent", () => {
    fc.assert(
      fc.property(anyEvidence, anyEnding, (evidence, ending) => {
        const kept = { ...evidence, sent: false, completed: false, syncRepWait: false }
        delete (kept as { commitTag?: unknown }).commitTag
        expect(effectOf(kept, ending)).toBe("not_applied")
      }),
    )
  })
})
