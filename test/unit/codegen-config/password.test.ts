import { withoutPassword } from "@kysely-resilient/codegen-config/src/password.ts"
import { describe, expect, it } from "vitest"

describe("a message about a connection", () => {
  it.each([
    ["as it was written", "postgres://me:s%2Fecret@db/x", "cannot use s%2Fecret", "cannot use …"],
    ["as it was meant", "postgres://me:s%2Fecret@db/x", "no password s/ecret", "no password …"],
    ["that was taken for a path", "postgres://me:12/secret@db/x", 'database "secret@db/x"', 'database "…@db/x"'],
    ["that was taken for a host", "postgres://me:a@secret@db/x", "ENOTFOUND secret", "ENOTFOUND …"],
    ["that cannot be decoded", "postgres://me:100%secret@db/x", "URI malformed: 100%secret", "URI malformed: …"],
    ["in the query", "postgres://db/x?user=me&password=secret", "wrong: secret", "wrong: …"],
    [
      "of nobody",
      "postgres://me@db/x",
      "password authentication failed for user me",
      "password authentication failed for user me",
    ],
  ])("does not show the password %s", (_, connection, message, expected) => {
    expect(withoutPassword(message, connection)).toBe(expected)
  })

  it("does not show that of the environment, and is the same without any", () => {
    expect(withoutPassword("wrong: hush", undefined, "hush")).toBe("wrong: …")
    expect(withoutPassword("wrong: hush", undefined, "")).toBe("wrong: hush")
    expect(withoutPassword("wrong: hush", undefined)).toBe("wrong: hush")
  })
})
