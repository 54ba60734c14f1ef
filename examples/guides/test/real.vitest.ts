import { readFile } from "node:fs/promises"

import { createDatabase } from "@kysely-resilient/core"
import { expectErr, expectOk, withRollback } from "@kysely-resilient/testing/core"
import { isolated } from "@kysely-resilient/testing/vitest"
import { expect, it } from "vitest"

import type { Library } from "../library.ts"
import { sellOnce } from "./shop.ts"

const here = isolated({
  name: import.meta.url,
  template: "library-1",
  setup: async (client) => client.query(await readFile(new URL("../library.sql", import.meta.url), "utf8")),
  open: (url) => createDatabase<Library>({ connection: url }),
})

it("sells a book once", () =>
  withRollback(here.db, async (db) => {
    expectOk(await sellOnce(db, "Solaris", () => {}))
    expect(expectErr(await sellOnce(db, "Solaris", () => {}))).toBe("sold already")
  }))
