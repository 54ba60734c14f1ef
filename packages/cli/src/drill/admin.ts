import { setTimeout as sleep } from "node:timers/promises"

import { Client } from "pg"

const CONNECT_MS = 5_000
const ANSWER_MS = 20_000

/** Sessions that are about to be refused take the places that are kept for superusers, for a moment. */
const TOO_MANY_CONNECTIONS = "53300"
const TRIES_MAX = 100
const TRY_AGAIN_MS = 20

type Row = Readonly<Record<string, unknown>>

/** The part of a client that is needed. */
export interface Session {
  readonly ask: (text: string, parameters?: readonly unknown[]) => Promise<readonly Row[]>
}

/**
 * Straight to the server with plain `pg`: what hurts and what judges must not be what is being judged. A connection per question, so
 * that nothing has to survive what happens to the server in between.
 */
export class Admin implements Session {
  readonly #url: string
  readonly #triesMax: number

  /** @param triesMax how often it tries to get in where all sessions are taken */
  constructor(url: string, triesMax: number = TRIES_MAX) {
    this.#url = url
    this.#triesMax = triesMax
  }

  readonly ask = (text: string, parameters: readonly unknown[] = []): Promise<readonly Row[]> =>
    this.during(({ ask }) => ask(text, parameters))

  /** A session for several questions. */
  async during<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const client = await this.#connect()
    const ask: Session["ask"] = async (text, parameters = []) => {
      try {
        return (await client.query(text, [...parameters])).rows
      } catch (cause) {
        throw new Error(`backstage, ${text.trim().slice(0, 60)}: ${String(cause)}`, { cause })
      }
    }
    try {
      return await work({ ask })
    } finally {
      await client.end().catch(() => {})
    }
  }

  async #connect(): Promise<Client> {
    for (let tries = 1; ; tries += 1) {
      const client = new Client({
        connectionString: this.#url,
        application_name: "kysely-resilient drill, backstage",
        connectionTimeoutMillis: CONNECT_MS,
        query_timeout: ANSWER_MS,
      })
      // What happens to the connection shows in the question.
      client.on("error", () => {})
      try {
        await client.connect()
        return client
      } catch (cause) {
        const crowded = cause instanceof Error && "code" in cause && cause.code === TOO_MANY_CONNECTIONS
        if (!crowded || tries >= this.#triesMax) throw new Error(`backstage, connecting: ${String(cause)}`, { cause })
        await sleep(TRY_AGAIN_MS)
      }
    }
  }
}
