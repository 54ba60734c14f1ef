import { describe, expect, it } from "vitest"

import { HELP, parseFlags } from "../../../examples/demo/flags.ts"

const newSeed = () => 77
const parse = (...args: string[]) => parseFlags(args, newSeed)

describe("parseFlags", () => {
  it("needs no flags: half a minute, and a seed of its own", () => {
    expect(parse()).toEqual({
      action: "run",
      flags: { seconds: 30, seed: 77, json: false },
    })
  })

  it.each([
    ["--seconds 12 --seed 0", { seconds: 12, seed: 0 }],
    ["--seed=4294967295", { seed: 4_294_967_295 }],
    ["--json", { json: true }],
    ["-- --seconds 20", { seconds: 20 }],
  ])("understands %s", (line, expected) => {
    expect(parse(...line.split(" "))).toMatchObject({ action: "run", flags: expected })
  })

  it.each([
    ["--serve", { seed: 77, port: 0 }],
    ["--serve --port 8123 --seed 3", { seed: 3, port: 8123 }],
  ])("understands %s", (line, expected) => {
    expect(parse(...line.split(" "))).toEqual({ action: "serve", ...expected })
  })

  it.each([
    ["--serve --seconds 20", "--seconds and --json are for a run, and --serve makes none"],
    ["--json --serve", "--seconds and --json are for a run, and --serve makes none"],
    ["--seconds 9", '--seconds must be a whole number from 10 to 86400, not "9"'],
    ["--seconds soon", '--seconds must be a whole number from 10 to 86400, not "soon"'],
    ["--seed 1.5", '--seed must be a whole number from 0 to 4294967295, not "1.5"'],
    ["--serve --port 65536", '--port must be a whole number from 0 to 65535, not "65536"'],
    ["--port 8080", "--port only means something together with --serve"],
    ["--sed 4", "Unknown option '--sed'"],
    ["--seconds", "Option '--seconds <value>' argument missing"],
    ["ten", "Unexpected argument 'ten'"],
  ])("refuses %s with one sentence that says what is wrong", (line, reason) => {
    const parsed = parse(...line.split(" "))
    expect(parsed).toEqual({ action: "refuse", message: `demo: ${reason}. Try --help.` })
  })

  it("offers help, which names every flag", () => {
    expect(parse("--help", "--seconds", "3")).toEqual({ action: "help" })
    for (const flag of ["--seconds", "--seed", "--json", "--serve", "--port", "--help"]) expect(HELP).toContain(flag)
  })
})
