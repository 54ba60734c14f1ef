import { describe, expect, it } from "vitest"

import { classify } from "@kysely-resilient/driver/src/failure/classify.ts"
import type { Evidence } from "@kysely-resilient/driver/src/failure/effect.ts"
import type { Failure } from "@kysely-resilient/driver/src/failure/failure.ts"
import { rowOfSqlState } from "@kysely-resilient/driver/src/failure/sqlstate.ts"
import { fatal, sent, serverError } from "./support.ts"

type Expected = Partial<Failure>
type Case = readonly [title: string, thrown: Error, expected: Expected, change?: Partial<Evidence>]

const never: Expected = { retry: "never", connection: "repair", blame: "statement", effect: "not_applied" }
const again: Expected = { retry: "transaction", pace: "quick", connection: "repair", effect: "not_applied" }
const healed: Expected = { ...again, connection: "discard", heal: "forget_statement", retriesMax: 1 }
const gone: Expected = { pace: "slow", connection: "discard", blame: "server", effect: "not_applied" }
const discardFor = (kind: Failure["kind"]): Expected => ({ ...gone, kind })

/** One or more cases for each row of the table of server errors, on an autocommit write unless the case says otherwise. */
const rows: Readonly<Record<string, readonly Case[]>> = {
  "success, warning, no data": [
    ["a warning keeps the connection", notice("01000"), { kind: "raised_exception", connection: "keep" }],
    ["a function raised 02000 as an error", serverError("02000"), { ...never, kind: "raised_exception" }],
    [
      "01000 from SyncRepWaitForLSN: committed here only",
      notice("01000", { routine: "SyncRepWaitForLSN" }),
      { kind: "replication_unconfirmed", connection: "keep", retry: "never", effect: "applied_locally" },
      { phase: "commit" },
    ],
  ],
  "programming and data errors": [
    ["03000", serverError("03000"), { ...never, kind: "invalid_statement" }],
    ["0B000", serverError("0B000"), { ...never, kind: "invalid_transaction_state" }],
    ["0F001", serverError("0F001"), { ...never, kind: "invalid_statement" }],
    ["0LP01", serverError("0LP01"), { ...never, kind: "invalid_statement" }],
    ["0P000", serverError("0P000"), { ...never, kind: "invalid_statement" }],
    ["0Z002", serverError("0Z002"), { ...never, kind: "raised_exception" }],
    ["20000", serverError("20000"), { ...never, kind: "raised_exception" }],
    ["21000", serverError("21000"), { ...never, kind: "data_exception" }],
    ["24000", serverError("24000"), { ...never, kind: "invalid_statement" }],
    ["27000", serverError("27000"), { ...never, kind: "integrity_constraint_violation" }],
    ["2BP01", serverError("2BP01"), { ...never, kind: "invalid_statement" }],
    ["2D000", serverError("2D000"), { ...never, kind: "invalid_transaction_state" }],
    ["2F005", serverError("2F005"), { ...never, kind: "raised_exception" }],
    ["36000", serverError("36000"), { ...never, kind: "invalid_statement" }],
    ["38001", serverError("38001"), { ...never, kind: "raised_exception" }],
    ["39P01", serverError("39P01"), { ...never, kind: "raised_exception" }],
    ["3B001", serverError("3B001"), { ...never, kind: "invalid_transaction_state" }],
    ["3F000", serverError("3F000"), { ...never, kind: "invalid_statement" }],
    ["42601", serverError("42601"), { ...never, kind: "invalid_statement" }],
    ["42501", serverError("42501"), { ...never, kind: "insufficient_privilege" }],
    ["44000", serverError("44000"), { ...never, kind: "check_violation" }],
    ["54001", serverError("54001"), { ...never, kind: "invalid_statement" }],
    ["P0001", serverError("P0001"), { ...never, kind: "raised_exception" }],
    ["P0004", serverError("P0004"), { ...never, kind: "raised_exception" }],
  ],
  "08000, 08003, 08006": [
    ["a foreign connection broke, on a write", serverError("08006"), { ...never, kind: "connection_failed" }],
    [
      "a foreign connection broke, on a read",
      serverError("08000"),
      { kind: "connection_failed", retry: "statement", connection: "repair", blame: "statement" },
      { phase: "read", readOnly: true },
    ],
    ["our own, as FATAL", fatal("08003"), { ...discardFor("connection_failed"), retry: "statement" }],
  ],
  "08001, 08004": [
    [
      "refused while connecting",
      fatal("08004"),
      { ...discardFor("connection_failed"), heal: "find_primary" },
      { phase: "connect" },
    ],
    ["postgres_fdw cannot reach its server", serverError("08001"), { ...never, kind: "connection_failed" }],
  ],
  "08007": [
    [
      "says that it does not know",
      serverError("08007"),
      { kind: "connection_failed", connection: "discard", effect: "unknown" },
      { phase: "commit" },
    ],
  ],
  "08P01 signed": [
    ["out of step", serverError("08P01"), { ...never, kind: "protocol_violation", blame: "client" }],
    [
      "wrong bind count",
      serverError("08P01", { routine: "exec_bind_message" }),
      { ...never, kind: "invalid_statement" },
    ],
  ],
  "0A000": [
    [
      "RevalidateCachedQuery",
      serverError("0A000", { routine: "RevalidateCachedQuery" }),
      { ...healed, kind: "cached_plan_changed", connection: "discard_generation" },
    ],
    ["anything else", serverError("0A000"), { ...never, kind: "invalid_statement" }],
  ],
  "22": [
    ["22P02", serverError("22P02"), { ...never, kind: "data_exception" }],
    ["22023", serverError("22023"), { ...never, kind: "data_exception" }],
  ],
  "23": [
    ["23000", serverError("23000"), { ...never, kind: "integrity_constraint_violation" }],
    ["23001", serverError("23001"), { ...never, kind: "foreign_key_violation" }],
    ["23502", serverError("23502"), { ...never, kind: "not_null_violation" }],
    ["23503", serverError("23503"), { ...never, kind: "foreign_key_violation" }],
    ["23514", serverError("23514"), { ...never, kind: "check_violation" }],
    ["23505", serverError("23505"), { ...never, kind: "unique_violation" }],
    ["23P01", serverError("23P01"), { ...never, kind: "exclusion_violation" }],
    ["deferred, at COMMIT", serverError("23503"), { ...never, kind: "foreign_key_violation" }, { phase: "commit" }],
    [
      "deferred, at the Sync of an autocommit write",
      serverError("23505"),
      { ...never, kind: "unique_violation" },
      { completed: true, ready: true },
    ],
  ],
  "25000, 25001 to 25008": [
    ["25001", serverError("25001"), { ...never, kind: "invalid_transaction_state" }],
    ["25007", serverError("25007"), { ...never, kind: "invalid_transaction_state" }],
  ],
  "25006": [
    [
      "the server became a standby",
      serverError("25006"),
      {
        kind: "read_only_transaction",
        blame: "server",
        retry: "transaction",
        connection: "discard_generation",
        heal: "find_primary",
        effect: "not_applied",
      },
    ],
    [
      "we made it read-only",
      serverError("25006"),
      { ...never, kind: "read_only_transaction" },
      { phase: "read", readOnly: true },
    ],
    [
      "in a transaction that its own SQL made read-only: the server says that it takes writes",
      serverError("25006"),
      { ...never, kind: "read_only_transaction" },
      { serverWrites: "yes" },
    ],
    [
      "from a server that has taken none for a while: the pool's other connections are no better",
      serverError("25006"),
      { kind: "read_only_transaction", retry: "transaction", connection: "discard", heal: "find_primary" },
      { serverWrites: "never" },
    ],
  ],
  "25P01": [
    ["a command that needs a transaction", serverError("25P01"), { ...never, kind: "invalid_transaction_state" }],
    [
      "at COMMIT",
      notice("25P01"),
      { kind: "invalid_transaction_state", retry: "never", connection: "discard", effect: "unknown" },
      { phase: "commit" },
    ],
  ],
  "25P02": [
    [
      "the first failure matters",
      serverError("25P02"),
      { ...never, kind: "transaction_aborted" },
      { phase: "transaction" },
    ],
  ],
  "25P03": [
    [
      "idle in transaction",
      fatal("25P03"),
      { kind: "idle_in_transaction_timeout", retry: "transaction", connection: "discard", effect: "not_applied" },
      { phase: "transaction" },
    ],
  ],
  "25P04": [
    [
      "transaction_timeout",
      fatal("25P04"),
      { kind: "transaction_timeout", retry: "never", connection: "discard", effect: "not_applied" },
      { phase: "transaction" },
    ],
  ],
  "26000": [
    ["forgotten", serverError("26000"), { ...healed, kind: "prepared_statement_missing", connection: "discard" }],
  ],
  "28000, 28P01": [
    [
      "28P01 while connecting",
      fatal("28P01"),
      { kind: "authentication_failed", retry: "never", connection: "discard", heal: "new_credentials" },
      { phase: "connect" },
    ],
    ["28000 while connecting", fatal("28000"), { kind: "authentication_failed", retry: "never" }, { phase: "connect" }],
    ["raised in a session", serverError("28000"), { ...never, kind: "insufficient_privilege" }],
  ],
  "34000": [["the portal is gone", serverError("34000"), { ...again, kind: "cursor_missing" }]],
  "3D000": [
    [
      "while connecting",
      fatal("3D000"),
      { kind: "configuration", retry: "never", connection: "discard", blame: "client" },
      { phase: "connect" },
    ],
    ["DROP DATABASE of none", serverError("3D000"), { ...never, kind: "invalid_statement" }],
  ],
  "40000, 40002": [
    ["40000", serverError("40000"), { ...again, kind: "serialization_failure" }],
    ["40002", serverError("40002"), { ...never, kind: "integrity_constraint_violation" }],
  ],
  "40001 ERROR": [
    ["in a statement", serverError("40001"), { ...again, kind: "serialization_failure", blame: "statement" }],
    ["at COMMIT", serverError("40001"), { ...again, kind: "serialization_failure" }, { phase: "commit" }],
  ],
  "40001 FATAL": [
    [
      "recovery ended the session",
      fatal("40001"),
      { ...again, kind: "serialization_failure", connection: "discard" },
      { phase: "transaction" },
    ],
  ],
  "40003": [
    ["says that it does not know", serverError("40003"), { connection: "discard", effect: "unknown" }],
    ["in a transaction", serverError("40003"), { effect: "not_applied" }, { phase: "transaction" }],
  ],
  "40P01": [["deadlock", serverError("40P01"), { ...again, kind: "deadlock_detected" }]],
  "42P05": [["exists", serverError("42P05"), { ...healed, kind: "prepared_statement_exists", connection: "discard" }]],
  "42501 while connecting": [
    [
      "no CONNECT privilege",
      fatal("42501"),
      { kind: "insufficient_privilege", retry: "never", connection: "discard" },
      { phase: "connect" },
    ],
  ],
  "42P01, 42703, 42883": [
    ["42P01", serverError("42P01"), { ...never, kind: "invalid_statement" }],
    ["42703", serverError("42703"), { ...never, kind: "invalid_statement" }],
    ["42883", serverError("42883"), { ...never, kind: "invalid_statement" }],
  ],
  "53000": [
    [
      "",
      serverError("53000"),
      { kind: "resource_exhausted", retry: "transaction", pace: "slow", connection: "repair" },
    ],
  ],
  "53100": [
    ["disk full, a write", serverError("53100"), { kind: "resource_exhausted", retry: "never", blame: "server" }],
    [
      "disk full, a read",
      serverError("53100"),
      { kind: "resource_exhausted", retry: "statement" },
      { phase: "read", readOnly: true },
    ],
  ],
  "53200": [
    [
      "out of memory",
      serverError("53200"),
      { kind: "resource_exhausted", retry: "transaction", retriesMax: 1, pace: "slow" },
    ],
  ],
  "53300": [
    [
      "no slot left",
      fatal("53300"),
      { ...discardFor("too_many_connections"), retry: "statement" },
      { phase: "connect" },
    ],
  ],
  "53400": [["temp_file_limit", serverError("53400"), { ...never, kind: "resource_exhausted" }]],
  "55000": [["wrong state", serverError("55000"), { ...never, kind: "invalid_statement" }]],
  "55006": [
    ["in use", serverError("55006"), { kind: "object_in_use", retry: "statement", pace: "slow", connection: "repair" }],
  ],
  "55P03": [
    ["NOWAIT", serverError("55P03", { routine: "heap_lock_tuple" }), { ...again, kind: "lock_not_available" }],
    ["lock_timeout", serverError("55P03", { routine: "ProcessInterrupts" }), { ...again, kind: "lock_timeout" }],
  ],
  "55P02, 55P04": [
    ["55P02", serverError("55P02"), { ...never, kind: "invalid_statement" }],
    ["55P04", serverError("55P04"), { ...never, kind: "invalid_statement" }],
  ],
  "57000": [
    ["an operator", serverError("57000"), { retry: "transaction", retriesMax: 1, pace: "slow", connection: "repair" }],
  ],
  "57014": [
    [
      "statement_timeout",
      interrupted("canceling statement due to statement timeout"),
      { ...never, kind: "statement_timeout" },
    ],
    [
      "somebody else's cancel",
      interrupted("canceling statement due to user request"),
      { ...again, kind: "query_canceled", retriesMax: 1 },
    ],
    [
      "in another language, with our backstop in force",
      interrupted("Anfrage wird storniert wegen Zeitüberschreitung der Anfrage"),
      { ...never, kind: "statement_timeout" },
      { phase: "transaction", backstop: true },
    ],
    [
      "somebody else's cancel, with our backstop in force",
      interrupted("canceling statement due to user request"),
      { kind: "query_canceled" },
      { phase: "transaction", backstop: true },
    ],
    [
      "in another language",
      interrupted("Anfrage wird storniert wegen Benutzeranfrage"),
      { ...again, kind: "query_canceled", retriesMax: 1 },
    ],
    [
      "ours, at the deadline",
      interrupted("canceling statement due to user request"),
      { ...never, kind: "deadline_exceeded" },
      { abandoned: "deadline" },
    ],
    [
      "ours, aborted",
      interrupted("canceling statement due to user request"),
      { ...never, kind: "aborted", blame: "client" },
      { abandoned: "abort" },
    ],
    [
      "ours, at close",
      interrupted("canceling statement due to user request"),
      { ...never, kind: "pool_closed", blame: "client" },
      { abandoned: "close" },
    ],
    [
      "authentication took too long",
      fatal("57014"),
      { ...discardFor("connection_failed"), retry: "statement" },
      { phase: "connect" },
    ],
  ],
  "57P01 FATAL": [
    ["on a write", fatal("57P01"), { ...discardFor("server_shutdown"), retry: "transaction" }],
    ["at COMMIT", fatal("57P01"), { ...discardFor("server_shutdown"), retry: "transaction" }, { phase: "commit" }],
    ["while idle", fatal("57P01"), { kind: "server_shutdown", effect: "not_applied" }, { phase: "idle" }],
  ],
  "57P01 WARNING": [
    [
      "from SyncRepWaitForLSN",
      notice("57P01", { routine: "SyncRepWaitForLSN" }),
      { kind: "server_shutdown", connection: "discard_generation", retry: "never", effect: "applied_locally" },
      { phase: "commit" },
    ],
    [
      "from quickdie",
      notice("57P01", { routine: "quickdie" }),
      { kind: "server_crashed", connection: "discard_generation", effect: "unknown", pace: "slow" },
      { phase: "commit" },
    ],
  ],
  "57P02": [
    [
      "another backend crashed, in a transaction",
      notice("57P02", { routine: "quickdie" }),
      { kind: "server_crashed", connection: "discard_generation", retry: "transaction", effect: "not_applied" },
      { phase: "transaction" },
    ],
    ["on a write", notice("57P02", { routine: "quickdie" }), { kind: "server_crashed", effect: "unknown" }],
  ],
  "57P03": [
    [
      "starting up",
      fatal("57P03"),
      { ...discardFor("server_starting"), retry: "statement", heal: "find_primary" },
      { phase: "connect" },
    ],
  ],
  "57P04": [["dropped", fatal("57P04"), { kind: "configuration", retry: "never", connection: "discard" }]],
  "57P05": [
    [
      "idle_session_timeout",
      fatal("57P05"),
      { kind: "connection_failed", blame: "client", connection: "discard", retry: "statement", effect: "not_applied" },
      { phase: "read", readOnly: true },
    ],
  ],
  "58": [
    [
      "58000, a write",
      serverError("58000"),
      { kind: "server_error", retry: "never", connection: "repair", blame: "server" },
    ],
    ["58030, a write", serverError("58030"), { kind: "server_error", retry: "never", connection: "discard" }],
    ["58P01, a read", serverError("58P01"), { retry: "statement" }, { phase: "read", readOnly: true }],
  ],
  "72000": [["snapshot too old", serverError("72000"), { ...again, kind: "serialization_failure" }]],
  F0: [["F0001", fatal("F0001"), { kind: "configuration", pace: "slow", connection: "discard" }, { phase: "connect" }]],
  HV: [["HV00N", serverError("HV00N"), { ...never, kind: "server_error" }]],
  XX000: [
    ["tuple concurrently updated", elog("tuple concurrently updated"), { ...again, retriesMax: 1 }],
    ["tuple concurrently deleted", elog("tuple concurrently deleted"), { ...again, retriesMax: 1 }],
    ["relation gone", elog("could not open relation with OID 16385"), { ...again, retriesMax: 1 }],
    ["cache lookup", elog("cache lookup failed for type 16390"), { ...again, retriesMax: 1 }],
    [
      "anything else",
      elog("unexpected chunk number 3"),
      { kind: "server_error", retry: "never", connection: "discard" },
    ],
  ],
  "XX001, XX002": [
    ["XX001", serverError("XX001"), { kind: "data_corrupted", retry: "never", connection: "discard", blame: "server" }],
    ["XX002", serverError("XX002"), { kind: "data_corrupted", retry: "never", connection: "discard", blame: "server" }],
  ],
  CR000: [["CockroachDB", serverError("CR000"), { ...again, kind: "serialization_failure" }]],
  PANIC: [
    [
      "any code, on a write",
      serverError("XX000", { severity: "PANIC" }),
      { kind: "server_crashed", connection: "discard_generation", pace: "slow", effect: "unknown" },
    ],
    [
      "in a transaction",
      serverError("58030", { severity: "PANIC" }),
      { effect: "not_applied" },
      { phase: "transaction" },
    ],
  ],
  "FATAL, not listed": [
    [
      "a code nobody knows",
      fatal("ZZ123"),
      { ...discardFor("connection_failed"), retry: "transaction" },
      { phase: "transaction" },
    ],
  ],
  "ERROR, not listed": [["an application's own code", serverError("MY001"), { ...never, kind: "raised_exception" }]],
}

describe.each(Object.entries(rows))("%s", (_, cases) => {
  it.each(cases.map(([title, ...rest]) => ({ title, rest })))("$title", ({ rest: [thrown, expected, change] }) => {
    expect(classify(thrown, sent(change?.phase ?? "write", change))).toMatchObject(expected)
  })
})

/** Every SQLSTATE of PostgreSQL 18's errcodes.txt, each class followed by its subclasses, and 72000 of older ones. */
const CODES_BY_CLASS = `00 000; 01 000 00C 008 003 007 006 004 P01; 02 000 001; 03 000; 08 000 003 006 001 004 007 P01; 09 000;
  0A 000; 0B 000; 0F 000 001; 0L 000 P01; 0P 000; 0Z 000 002; 10 608; 20 000; 21 000;
  22 000 02E 021 008 012 005 00B 022 015 01E 014 016 01F 01G 018 007 019 00D 025 P06 010 023 013 01B 01W 01X 02H 02G 009 00C
  00G 004 002 003 00H 026 001 011 027 024 00F P01 P02 P03 P04 P05 00L 00M 00N 00S 00T 030 031 032 033 034 035 036 037 038 039
  03A 03B 03C 03D 03E 03F 03G; 23 000 001 502 503 505 514 P01; 24 000; 25 000 001 002 008 003 004 005 006 007 P01 P02 P03 P04;
  26 000; 27 000; 28 000 P01; 2B 000 P01; 2D 000; 2F 000 005 002 003 004; 34 000; 38 000 001 002 003 004;
  39 000 001 004 P01 P02 P03; 3B 000 001; 3D 000; 3F 000; 40 000 002 001 003 P01;
  42 000 601 501 846 803 P20 P19 830 602 622 939 804 P18 P21 P22 809 8C9 703 883 P01 P02 704 701 P03 P04 723 P05 P06 P07 712
  710 702 725 P08 P09 P10 611 P11 P12 P13 P14 P15 P16 P17; 44 000; 53 000 100 200 300 400; 54 000 001 011 023;
  55 000 006 P02 P03 P04; 57 000 014 P01 P02 P03 P04 P05; 58 000 030 P01 P02 P03; F0 000 001;
  HV 000 005 002 010 021 024 007 008 004 006 091 00B 00C 00D 090 00A 009 014 001 00P 00J 00K 00Q 00R 00L 00M 00N;
  P0 000 001 002 003 004; XX 000 001 002; 72 000`
const codes = CODES_BY_CLASS.split(";").flatMap((line) => {
  const [first = "", ...rest] = line.trim().split(/\s+/)
  return rest.map((subclass) => first + subclass)
})

describe("every SQLSTATE of PostgreSQL 18", () => {
  it("is on the list, once", () => {
    expect(new Set(codes).size).toBe(codes.length)
    expect(codes).toHaveLength(263)
    expect(codes.filter((code) => !/^[0-9A-Z]{5}$/.test(code))).toEqual([])
  })

  it.each(["ERROR", "FATAL"] as const)("has a row of its own or of its class, as %s", (severity) => {
    const rank = severity === "ERROR" ? "error" : "fatal"
    const unknown = codes.filter((code) => {
      const said = { message: "", code, severity }
      return rowOfSqlState(said, { evidence: sent("write"), rank }) === undefined
    })
    expect(unknown).toEqual([])
  })

  it("leaves a new code of a known class to its class", () => {
    expect(classify(serverError("22ZZZ"), sent("write")).kind).toBe("data_exception")
    expect(classify(serverError("23ZZZ"), sent("write")).kind).toBe("integrity_constraint_violation")
    expect(classify(serverError("25ZZZ"), sent("write")).kind).toBe("invalid_transaction_state")
    expect(classify(serverError("28ZZZ"), sent("write")).kind).toBe("insufficient_privilege")
    expect(classify(fatal("28ZZZ"), sent("connect")).kind).toBe("authentication_failed")
    expect(classify(serverError("40ZZZ"), sent("write"))).toMatchObject(again)
    expect(classify(serverError("53ZZZ"), sent("write")).kind).toBe("resource_exhausted")
    expect(classify(serverError("57ZZZ"), sent("write"))).toMatchObject({ retriesMax: 1 })
    expect(classify(serverError("58ZZZ"), sent("write")).kind).toBe("server_error")
    expect(classify(serverError("XXZZZ"), sent("write"))).toMatchObject({ kind: "server_error", connection: "discard" })
    expect(classify(fatal("08ZZZ"), sent("write")).kind).toBe("connection_failed")
    expect(classify(fatal("3DZZZ"), sent("connect")).kind).toBe("configuration")
    expect(classify(fatal("F0ZZZ"), sent("connect")).kind).toBe("configuration")
  })

  it("does not take a code for a property that every object has", () => {
    expect(classify(serverError("constructor"), sent("write")).kind).toBe("raised_exception")
    expect(classify(serverError("__proto__"), sent("write")).kind).toBe("raised_exception")
  })
})

describe("every FATAL", () => {
  it("ends the connection, whatever its code", () => {
    const kept = codes.filter((code) => !classify(fatal(code), sent("write")).connection.startsWith("discard"))
    expect(kept).toEqual([])
  })
})

function notice(code: string, change: Record<string, unknown> = {}): Error {
  return serverError(code, { name: "notice", severity: "WARNING", ...change })
}

function interrupted(message: string): Error {
  return serverError("57014", { routine: "ProcessInterrupts", message })
}

function elog(message: string): Error {
  return serverError("XX000", { message })
}
