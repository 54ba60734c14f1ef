import { join } from "node:path"

import { docsOf } from "@kysely-resilient/core/src/errors/docs.ts"
import { DOCS } from "@kysely-resilient/core/src/foundation/docs.ts"
import { describe, expect, it } from "vitest"

import { anchorsOf, relativeLinks, withoutDeadLinks } from "../../scripts/docs/links.ts"
import { shippedPages } from "../../scripts/docs/shipped.ts"

const pages = shippedPages()

describe("the pages that the package core brings", () => {
  it("are those that errors and advice lead to, and more", () => {
    expect(docsOf("deadlock_detected")).toBe(`${DOCS}/errors.md#deadlock_detected`)
    expect([...pages.keys()]).toEqual(expect.arrayContaining(["errors.md", "advice.md", "guides/transaction.md"]))
  })

  it.each([...pages])("%s leads nowhere outside", (path, page) => {
    const dead = relativeLinks(page).filter((link) => {
      const [place = "", anchor] = link.split("#")
      const target = place === "" ? page : pages.get(join(path, "..", place))
      return target === undefined || (anchor !== undefined && !anchorsOf(target).has(anchor))
    })
    expect(dead).toEqual([])
  })
})

describe("a link that leads nowhere", () => {
  const leads = (target: string): boolean => target.startsWith("there")

  it.each([
    ["keeps its words", "see [the `table`](gone.ts) and [that](there.md#x)", "see the `table` and [that](there.md#x)"],
    ["keeps them with a title", 'see [it](gone.ts "a test")', "see it"],
    ["keeps what a picture shows", "![the page](images/page.png)", "the page"],
    ["is not one in code", "`[it](gone.ts)`\n```ts\n[a](gone)\n```", "`[it](gone.ts)`\n```ts\n[a](gone)\n```"],
    ["is not one to an address", "[it](https://gone.example)", "[it](https://gone.example)"],
  ])("%s", (_, before, after) => {
    expect(withoutDeadLinks(before, leads)).toBe(after)
  })
})
