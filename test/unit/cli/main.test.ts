import { main } from "@kysely-resilient/cli"
import { describe, expect, it } from "vitest"

async function say(...words: string[]) {
  const said = { out: "", err: "" }
  const code = await main(words, {
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    env: {},
  })
  return { code, ...said }
}

describe("kysely-resilient", () => {
  it.each([["--help"], ["-h"], ["help"]])("lists its commands for %s", async (word) => {
    const { code, out, err } = await say(word)
    expect({ code, err }).toEqual({ code: 0, err: "" })
    for (const command of ["status", "watch", "doctor", "codegen", "drill"]) expect(out).toContain(`  ${command} `)
  })

  it.each([["--version"], ["-v"], ["version"]])("says its version for %s", async (word) => {
    expect(await say(word)).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: "" })
  })

  it("explains a command by help as by --help", async () => {
    expect(await say("help", "doctor")).toEqual(await say("doctor", "--help"))
    expect(await say("help", "doctr")).toMatchObject({ code: 2, err: expect.stringContaining("Did you mean doctor?") })
  })

  it("teaches: examples, the environment, exit codes", async () => {
    const { out } = await say("--help")
    for (const word of ["Examples", "DATABASE_URL", "RESILIENCE_TOKEN", "NO_COLOR", "Exit codes", "--version"]) {
      expect(out).toContain(word)
    }
  })

  it("lists them too where nobody names one, and says by its exit code that nothing was done", async () => {
    expect(await say()).toMatchObject({ code: 2, out: expect.stringContaining("drill") })
  })

  it("refuses a command that it does not have with one line", async () => {
    expect(await say("dril")).toEqual({
      code: 2,
      out: "",
      err: 'kysely-resilient: there is no command "dril". Did you mean drill?\n',
    })
  })

  it.each([
    [["--hlep"], "kysely-resilient: there is no option --hlep before a command. Did you mean --help?\n"],
    [["--json", "status"], "kysely-resilient: there is no option --json before a command. Try --help.\n"],
    [["status", "--token"], "status: --token needs a value.\nTry kysely-resilient status --help\n"],
    [
      ["status", "--token", "--json"],
      'status: --token needs a value; one that begins with "-" is written --token=-….\nTry kysely-resilient status --help\n',
    ],
    [["status", "http://a", "b"], 'status: "b" is one word too many.\nTry kysely-resilient status --help\n'],
    [["doctor", "--pool-max", "0"], /--pool-max must be a whole number from 1 to 10000, not "0"/],
    [
      ["codegen", "gnerate"],
      /^gnerate is not a command \(did you mean generate\?\)\n\nUsage: kysely-resilient codegen /,
    ],
    [["codegen", "--confg", "x"], /^There is no option --confg \(did you mean --config\?\)/],
  ])("says of %j what is wrong and what to do", async (words, message) => {
    const { code, out, err } = await say(...words)
    expect({ code, out }).toEqual({ code: 2, out: "" })
    if (typeof message === "string") expect(err).toBe(message)
    else expect(err).toMatch(message)
  })

  it.each(["status", "watch", "doctor", "codegen", "drill"])("%s teaches itself", async (command) => {
    const { code, out, err } = await say(command, "--help")
    expect({ code, err }).toEqual({ code: 0, err: "" })
    expect(out).toMatch(/^Usage: kysely-resilient/)
    expect(out).toMatch(/exit codes?/i)
  })

  it("hands the rest of the line to the command", async () => {
    expect(await say("drill", "--help")).toMatchObject({ code: 0, out: expect.stringContaining("--resolution") })
    expect(await say("drill", "--sceonds", "3")).toEqual({
      code: 2,
      out: "",
      err: "drill: There is no option --sceonds (did you mean --seconds?). Try --help.\n",
    })
  })
})
