import { readFile } from "node:fs/promises"
import { startEmbeddedPostgres, startFaultProxy, type FaultProxy, type OwnServer } from "@kysely-resilient/testing"

import { readPrices } from "../schema/prices.ts"
import { loadPrices } from "./app/market.ts"
import { openStore, type Store } from "./app/store.ts"
import { openAccounts } from "./app/transfers.ts"
import { Truth } from "./truth.ts"

/** Where the play takes place: a server of our own, a network that can be cut, and the data. */
export interface Stage extends AsyncDisposable {
  readonly server: OwnServer
  readonly proxy: FaultProxy
  /** Where the application connects: through the proxy. */
  readonly applicationUrl: string
  /** Straight to the server. */
  readonly admin: Store
  readonly truth: Truth
  readonly instrument: number
  readonly accounts: readonly number[]
  /** Two more accounts, that only the deadlock touches. */
  readonly rivals: readonly number[]
}

const ADMINISTRATOR = "kysely-resilient demo, backstage"

const OPENING_BALANCE = "1000000.00"
export const OPENING_CENTS = 100_000_000n
const OWNERS = ["Ada", "Bela", "Chen", "Dara", "Emil", "Fay", "Gus", "Hana"] as const
/** These two only pay each other, so that their deadlocks are theirs alone. */
const RIVALS = ["Ines", "Juri"] as const

/** Durability stays as PostgreSQL ships it: what is acknowledged must survive a crash. Deadlocks are looked for sooner than usual. */
const SETTINGS = { deadlock_timeout: "100ms", log_min_messages: "warning" } as const

/** Whatever was opened is closed again if something after it cannot be. */
export async function openStage(): Promise<Stage> {
  await using opened = new AsyncDisposableStack()
  const server = opened.use(await startEmbeddedPostgres({ settings: SETTINGS }))
  const proxy = opened.use(await startFaultProxy({ target: server }))
  const admin = opened.use(openStore(server.url, ADMINISTRATOR))

  const prices = await readPrices()
  const schema = await readFile(new URL("../schema/schema.sql", import.meta.url), "utf8")
  const ready = await admin
    .query(schema)
    .andThen(() => loadPrices(admin, prices))
    .andThen((instrument) =>
      openAccounts(admin, [...OWNERS, ...RIVALS], OPENING_BALANCE).map((all) => ({
        instrument,
        accounts: all.slice(0, OWNERS.length),
        rivals: all.slice(OWNERS.length),
      })),
    )
  if (ready.isErr()) throw ready.error

  const closing = opened.move()
  return {
    server,
    proxy,
    applicationUrl: proxy.url(server.url),
    admin,
    truth: new Truth(prices),
    ...ready.value,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}
