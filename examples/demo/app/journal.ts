import type { Insertable } from "kysely"

import type { Ledger as LedgerTable } from "../../schema/schema.gen.ts"
import type { Named, Store } from "./store.ts"

/** What every write leaves behind. `entry` is chosen once per intended write, by whoever intends it. */
export type Entry = Omit<Insertable<LedgerTable>, "written_at">

/** One statement, its own transaction. */
export function note(store: Store, entry: Entry, options: Named) {
  return store.exec(store.insertInto("ledger").values(entry), options)
}
