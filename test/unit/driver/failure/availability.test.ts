import { serverIsAway } from "@kysely-resilient/driver/src/failure/availability.ts"
import { classify } from "@kysely-resilient/driver/src/failure/classify.ts"
import { untouched } from "@kysely-resilient/driver/src/failure/effect.ts"
import { describe, expect, it } from "vitest"

const said = (code: string, severity = "FATAL"): Error =>
  Object.assign(new Error("said"), { name: "error", severity, code, file: "some.c", routine: "some_routine" })
const errno = (code: string): Error => Object.assign(new Error(code), { code, syscall: "connect" })

describe("serverIsAway", () => {
  it.each([
    ["nobody listens", errno("ECONNREFUSED"), true],
    ["the line is cut", errno("ECONNRESET"), true],
    ["a backend is terminated", said("57P01"), true],
    ["it is starting", said("57P03"), true],
    ["it is full", said("53300"), true],
    [
      "a pooler has nobody behind it",
      Object.assign(new Error("server login has been failing"), { name: "error", severity: "FATAL", code: "08P01" }),
      true,
    ],
    ["it is a standby", said("25006", "ERROR"), false],
    ["it is short of memory", said("53200", "ERROR"), false],
    ["a constraint is violated", said("23505", "ERROR"), false],
    ["two transactions collide", said("40001", "ERROR"), false],
    ["the password is wrong", said("28P01"), false],
    ["a session idled for too long", said("57P05"), false],
    ["this machine has no more sockets", errno("EMFILE"), false],
  ])("knows whether it is, when %s", (_, thrown, away) => {
    expect(serverIsAway(classify(thrown, untouched("write")))).toBe(away)
  })
})
