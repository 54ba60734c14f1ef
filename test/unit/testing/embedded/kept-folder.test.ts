import { keptFolder } from "@kysely-resilient/testing/src/embedded/kept-folder.ts"
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as turn } from "node:timers/promises"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

let place: string
let made: number

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "kept-folder-"))
  made = 0
})

afterEach(() => rmSync(place, { recursive: true, force: true }))

async function make(folder: string): Promise<void> {
  made++
  writeFileSync(join(folder, "program"), "run me")
  await turn()
  symlinkSync("program", join(folder, "link"))
}

const kept = (): Promise<string> => keptFolder(join(place, "kept"), make)

describe("keptFolder", () => {
  it("makes it once and finds it again", async () => {
    const first = await kept()
    expect(await kept()).toBe(first)
    expect(made).toBe(1)
    expect(readFileSync(join(first, "link"), "utf8")).toBe("run me")
  })

  it("ends with one complete folder when several make it at the same moment", async () => {
    const contents = await Promise.all(
      [1, 2, 3].map(async (maker) => {
        const files = await keptFolder(join(place, "kept"), async (folder) => {
          await turn(maker)
          writeFileSync(join(folder, "maker"), String(maker))
        })
        return readFileSync(join(files, "maker"), "utf8")
      }),
    )
    // Whoever came first may be using it already: those behind must not replace it.
    expect(new Set(contents)).toEqual(new Set([readFileSync(join(place, "kept/files/maker"), "utf8")]))
    expect(readdirSync(place)).toEqual(["kept"])
  })

  it.each([
    ["a file is missing", (files: string) => rmSync(join(files, "program"))],
    ["a file is shorter than it was", (files: string) => writeFileSync(join(files, "program"), "run")],
    ["its list is missing", (files: string) => rmSync(join(files, "../manifest.json"))],
    ["its list is cut off", (files: string) => writeFileSync(join(files, "../manifest.json"), '{"prog')],
  ])("makes it anew when %s", async (_, damage) => {
    damage(await kept())
    expect(readFileSync(join(await kept(), "link"), "utf8")).toBe("run me")
    expect(made).toBe(2)
    expect(readdirSync(place)).toEqual(["kept"])
  })

  it("leaves nothing when making it fails", async () => {
    const failing = keptFolder(join(place, "kept"), async (folder) => {
      writeFileSync(join(folder, "half"), "")
      throw new Error("disk full")
    })
    await expect(failing).rejects.toThrow("disk full")
    expect(readdirSync(place)).toEqual([])
  })

  it("refuses one that others can write to", async () => {
    await kept()
    chmodSync(join(place, "kept"), 0o777)
    await expect(kept()).rejects.toThrow("others can write to it")
  })
})
