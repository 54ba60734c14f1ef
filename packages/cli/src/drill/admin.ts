import { Client } from "pg"

const CONNECT_MS = 5_000
const ANSWER_MS = 20_000

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

  constructor(url: string) {
    this.#url = url
  }

  readonly ask = (text: string, parameters: readonly unknown[] = []): Promise<readonly Row[]> =>
    this.during(({ ask }) => ask(text, parameters))

  /** A session for several questions. */
  async during<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const client = new Client({
      connectionString: this.#url,
      application_name: "kysely-resilient drill, backstage",
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: ANSWER_MS,
    })
    // What happens to the connection shows in the question.
    client.on("error", () => {})
    const ask: Session["ask"] = async (text, parameters = []) => {
      try {
        return (await client.query(text, [...parameters])).rows
      } catch (cause) {
        throw new Error(`backstage, ${text.trim().slice(0, 60)}: ${String(cause)}`, { cause })
      }
    }
    await client.connect().catch((cause: unknown) => {
      throw new Error(`backstage, connecting: ${String(cause)}`, { cause })
    })
    try {
      return await work({ ask })
    } finally {
      await client.end().catch(() => {})
    }
  }
}
