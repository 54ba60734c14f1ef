import { parseFlags } from "@kysely-resilient/cli/src/doctor/flags.ts"
import { describe, expect, it } from "vitest"

const parse = (line: string) => parseFlags(line.split(" ").filter((word) => word !== ""))

describe("the flags of doctor", () => {
  it("are all optional", () => {
    expect(parse("")).toEqual({
      action: "run",
      flags: {
        url: undefined,
        poolMax: undefined,
        output: "words",
        strict: false,
        ignore: [],
        examine: { replicas: 1, readOnly: false, timeoutMs: 4_000 },
      },
    })
  })

  it("say everything at once", () => {
    expect(
      parse(
        "postgresql://db/x --replicas 4 --pool-max 7 --production --read-only --ignore no_client_check --ignore X --timeout 9 --strict --json",
      ),
    ).toEqual({
      action: "run",
      flags: {
        url: "postgresql://db/x",
        poolMax: 7,
        output: "json",
        strict: true,
        ignore: ["NO_CLIENT_CHECK", "X"],
        examine: {
          replicas: 4,
          environment: "production",
          readOnly: true,
          timeoutMs: 9_000,
        },
      },
    })
  })

  it.each([
    ["--replica 4", "There is no option --replica (did you mean --replicas?)"],
    ["--zzz", "There is no option --zzz"],
    ["--replicas none", '--replicas must be a whole number from 1 to 100000, not "none"'],
    ["--replicas 0", '--replicas must be a whole number from 1 to 100000, not "0"'],
    ["--pool-max 1e3", '--pool-max must be a whole number from 1 to 10000, not "1e3"'],
    ["--timeout -1", '--timeout needs a value; one that begins with "-" is written --timeout=-…'],
    ["--replicas", "--replicas needs a value"],
    ["--production --development", "--production and --development exclude each other"],
    ["--json --fix-sql", "--json and --fix-sql exclude each other"],
    ["postgres://a postgres://b", '"postgres://b" is one word too many'],
  ])("%s is refused, and why", (line, message) => expect(parse(line)).toEqual({ action: "refuse", message }))

  it("never repeats an address that it does not understand: it may hold a password", () => {
    const refused = parse("user:hunter2@db.example/shop")
    expect(refused).toMatchObject({ action: "refuse" })
    expect(JSON.stringify(refused)).not.toContain("hunter2")
  })
})
