import { databaseUrl } from "@kysely-resilient/testing"
import { versionIn } from "@kysely-resilient/testing/src/server.ts"
import { describe, expect, it } from "vitest"

describe("versionIn", () => {
  it.each([
    ["postgres (PostgreSQL) 18.4", "18.4"],
    ["postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)", "15.13"],
    ["15.13 (Debian 15.13-0+deb12u1)", "15.13"],
    ["postgres (PostgreSQL) 19beta1", "19beta1"],
    ["postgres (PostgreSQL) 19devel", "19devel"],
    ["nothing", undefined],
  ])("%s: %s", (text, version) => expect(versionIn(text)).toBe(version))
})

describe("databaseUrl", () => {
  it("keeps everything but the database", () => {
    expect(databaseUrl("postgres://u:p%40@h:1/a?sslmode=require", "b c")).toBe(
      "postgres://u:p%40@h:1/b%20c?sslmode=require",
    )
  })
})
