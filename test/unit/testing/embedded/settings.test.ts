import { settingArguments, settingLines } from "@kysely-resilient/testing/src/embedded/settings.ts"
import { describe, expect, it } from "vitest"

const wanted = { durable: true, maxConnections: 7, settings: {} }

function durability(durable: boolean): string[] {
  return settingLines({ ...wanted, durable }).filter((line) =>
    /^(fsync|full_page_writes|synchronous_commit) /.test(line),
  )
}

describe("settings of a server", () => {
  it("are durable or not as a whole", () => {
    expect(durability(true)).toEqual(["fsync = on", "full_page_writes = on", "synchronous_commit = on"])
    expect(durability(false)).toEqual(["fsync = off", "full_page_writes = off", "synchronous_commit = off"])
  })

  it("are the user's where both have one", () => {
    const lines = settingLines({ ...wanted, settings: { max_connections: 50, fsync: false, "a.b": "it's \\ here" } })
    expect(lines).toContain("max_connections = 50")
    expect(lines).toContain("fsync = off")
    expect(lines).toContain("a.b = 'it''s \\\\ here'")
    expect(lines.filter((line) => line.startsWith("max_connections"))).toHaveLength(1)
  })

  it("are arguments for a container, without the addresses of our own servers", () => {
    const words = settingArguments({ ...wanted, settings: { work_mem: "4 MB" } })
    expect(words).toContain("work_mem=4 MB")
    expect(words.join(" ")).not.toContain("listen_addresses")
    expect(words.filter((word) => word === "-c")).toHaveLength(words.length / 2)
  })
})
