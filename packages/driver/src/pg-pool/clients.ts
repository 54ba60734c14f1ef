import type { EventEmitter } from "node:events"

import type { PgConnection } from "../postgres/connection.ts"
import type { DiscardReason } from "../telemetry/events.ts"
import { tell, tellError } from "./tell.ts"
import { PooledClient, type ClientParts } from "./pooled-client.ts"

/** What the pool's configuration wants done with a new connection before anybody gets it. */
export interface NewcomerHooks {
  readonly onConnect: ((client: PooledClient) => unknown) | undefined
  /** pg-pool's older hook; calls back with an error if the connection is not wanted. */
  readonly verify: ((client: PooledClient, done: (error?: Error) => void) => void) | undefined
}

/** What the clients have to do with their pool: events are told there. */
export interface Home extends Omit<ClientParts, "ownerOf"> {
  readonly events: EventEmitter
}

/** The clients of a pool, one for each physical connection. */
export class Clients {
  readonly #hooks: NewcomerHooks
  readonly #clients = new WeakMap<PgConnection, PooledClient>()
  #home: Home | undefined

  constructor(hooks: NewcomerHooks) {
    this.#hooks = hooks
  }

  moveIn(home: Home): void {
    this.#home = home
  }

  of(connection: PgConnection): PooledClient {
    const client = this.#clients.get(connection)
    if (client === undefined) throw new Error("bug: a connection that was never greeted")
    return client
  }

  /** A connection is open, or its session was made as new. Rejects if it is not to be used. */
  async greet(connection: PgConnection): Promise<void> {
    const known = this.#clients.get(connection)
    const client = known ?? this.#make(connection)
    const { onConnect, verify } = this.#hooks
    if (onConnect !== undefined) await client.greet(() => onConnect(client), { lasting: false })
    if (verify !== undefined && known === undefined) {
      await client.greet(() => verified(verify, client), { lasting: false })
    }
    if (known !== undefined) await client.greetAgain()
    else await client.greet(() => this.#home?.events.emit("connect", client), { lasting: true })
  }

  closed(connection: PgConnection, reason: DiscardReason): void {
    const client = this.#clients.get(connection)
    const events = this.#home?.events
    if (client === undefined || events === undefined) return
    const { dead } = connection
    // Nobody had it when it died: nobody but the pool can tell of it.
    if (reason === "died" && dead?.cause instanceof Error && !client.occupied) {
      tellError(events, Object.assign(dead.cause, { client }), client)
    }
    tell(client, "end")
    tell(events, "remove", client)
  }

  #make(connection: PgConnection): PooledClient {
    if (this.#home === undefined) throw new Error("bug: a connection before there is a pool")
    const ownerOf = (used: PgConnection): PooledClient | undefined => this.#clients.get(used)
    const client = new PooledClient({ ...this.#home, ownerOf }, connection)
    this.#clients.set(connection, client)
    return client
  }
}

function verified(verify: NonNullable<NewcomerHooks["verify"]>, client: PooledClient): Promise<void> {
  return new Promise((resolve, reject) => {
    verify(client, (error) => (error ? reject(error) : resolve()))
  })
}
