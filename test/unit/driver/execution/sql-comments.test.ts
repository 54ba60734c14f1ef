import { SqlComments, type SqlCommentsParts } from "@kysely-resilient/driver/src/execution/sql-comments.ts"
import { describe, expect, it } from "vitest"

const made = (parts: Partial<SqlCommentsParts> = {}) => {
  let failures = 0
  const onFailure = (): void => void (failures += 1)
  const comments = new SqlComments({ application: undefined, sources: [], onFailure, ...parts })
  return { comments, failures: () => failures }
}

describe("what a statement says of who sends it", () => {
  it("is its driver, its application and what it is called", () => {
    const { comments } = made({ application: "shop" })
    expect(comments.of("find users")).toBe("/*action='find%20users',application='shop',db_driver='kysely-resilient'*/")
    expect(comments.of(undefined)).toBe("/*application='shop',db_driver='kysely-resilient'*/")
    expect(comments.of(undefined)).toBe(comments.of(undefined))
  })

  it("is what its sources say besides, the later ones rather than the earlier, asked each time", () => {
    let route = "/a"
    const { comments } = made({ sources: [() => ({ route, job: "none" }), () => ({ job: "nightly", action: "own" })] })
    expect(comments.of("x")).toBe("/*action='own',db_driver='kysely-resilient',job='nightly',route='%2Fa'*/")
    route = "/b"
    expect(comments.of("x")).toContain("route='%2Fb'")
  })

  it.each([
    [
      "a throw",
      () => {
        throw new Error("no")
      },
    ],
    [
      "a getter that throws",
      () => ({
        get route(): string {
          throw new Error("no")
        },
      }),
    ],
    // An async function, say, which the types forbid.
    ["a rejection", () => Promise.reject(new Error("no")) as unknown as undefined],
  ])("is without those of a source that answers %s, which is counted", (_, source) => {
    const { comments, failures } = made({ sources: [source, () => ({ job: "nightly" })] })
    expect(comments.of(undefined)).toBe("/*db_driver='kysely-resilient',job='nightly'*/")
    expect(failures()).toBe(1)
  })
})
