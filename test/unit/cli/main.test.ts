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
