import { HELP, parseFlags } from "@kysely-resilient/cli/src/drill/flags.ts"
import { describe, expect, it } from "vitest"

const parse = (line: string) => parseFlags(line === "" ? [] : line.split(" "), () => 77)

describe("the flags of a drill", () => {
  it("need not be given", () => {
    expect(parse("")).toEqual({
      action: "run",
      flags: { seeds: [77], seconds: 30, workers: 16, postgres: "18", resolution: "marker", json: false },
    })
  })

  it.each([
    ["--seed 0 --seconds 2", { seeds: [0], seconds: 2 }],
    ["--seeds 3-5", { seeds: [3, 4, 5] }],
    ["--seeds 8-8", { seeds: [8] }],
    ["--workers 500 --postgres 15", { workers: 500, postgres: "15" }],
    ["--resolution xid --json", { resolution: "xid", json: true }],
    ["-- --seconds 20", { seconds: 20 }],
  ])("understand %s", (line, expected) => {
    expect(parse(line)).toMatchObject({ action: "run", flags: expected })
  })

  it.each([
    ["--seconds 1", '--seconds must be a whole number from 2 to 86400, not "1"'],
    ["--seed 1.5", '--seed must be a whole number from 0 to 4294967295, not "1.5"'],
    ["--seeds 20-1", '--seeds must be two whole numbers such as 1-20, not "20-1"'],
    ["--seeds 7", '--seeds must be two whole numbers such as 1-20, not "7"'],
    ["--seeds 1-2-3", '--seeds must be two whole numbers such as 1-20, not "1-2-3"'],
    ["--seed 1 --seeds 1-2", "--seed and --seeds exclude each other"],
    ["--workers 0", '--workers must be a whole number from 1 to 500, not "0"'],
    ["--postgres 16", '--postgres must be 15 or 18, not "16"'],
    ["--resolution off", '--resolution must be xid or marker, not "off"'],
    ["--sed 4", "There is no option --sed (did you mean --seed?)"],
  ])("refuse %s with one sentence that says what is wrong", (line, reason) => {
    expect(parse(line)).toEqual({ action: "refuse", message: `drill: ${reason}. Try --help.` })
  })

  it("offer help, which names every flag", () => {
    expect(parse("--help --seconds 1")).toEqual({ action: "help" })
    for (const flag of ["seed", "seeds", "seconds", "workers", "postgres", "resolution", "json", "help"])
      expect(HELP).toContain(`--${flag} `)
  })
})
