import { readFile } from "node:fs/promises"

import { createDatabase } from "@kysely-resilient/core"

import type { Library } from "../library.ts"

/** What each database of these tests begins with. */
export const library = {
  template: "library-1",
  setup: async (client: { query(text: string): Promise<unknown> }) =>
    client.query(await readFile(new URL("../library.sql", import.meta.url), "utf8")),
  open: (url: string) => createDatabase<Library>({ connection: url }),
}
