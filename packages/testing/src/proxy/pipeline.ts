import type { Frame } from "./frames.ts"
import { textAt, type ClientMessage, type ServerMessage } from "./messages.ts"

const REQUESTS = ["Query", "Parse", "Bind", "Describe", "Execute", "Close", "Sync", "FunctionCall"] as const
type Request = "startup" | (typeof REQUESTS)[number]

/** A request that the server still has to answer, and the statements that it is about. */
interface Asked {
  readonly request: Request
  readonly sql: readonly string[]
}

const NONE: readonly string[] = []
const PORTAL = "P".charCodeAt(0)
const ENDS_A_GROUP: ReadonlySet<Request> = new Set(["startup", "Query", "Sync", "FunctionCall"])
/** The messages that complete the answer to a request. A Query, and anything after an error, waits for ReadyForQuery. */
const COMPLETES: Partial<Record<ServerMessage, Request>> = {
  ParseComplete: "Parse",
  BindComplete: "Bind",
  CloseComplete: "Close",
  RowDescription: "Describe",
  NoData: "Describe",
  CommandComplete: "Execute",
  EmptyQueryResponse: "Execute",
  PortalSuspended: "Execute",
}

/**
 * Knows which answer belongs to which statement. A client may send BEGIN, a statement and COMMIT in one flight and
 * read later; the server answers in order, so a queue of what was asked tells what is being answered.
 */
export class Pipeline {
  readonly #asked: Asked[] = [{ request: "startup", sql: NONE }]
  readonly #statements = new Map<string, string>()
  readonly #portals = new Map<string, string>()
  /** Those that were executed since they were bound: the next Execute fetches more of their rows. */
  readonly #executed = new Set<string>()
  /** What was executed since the last Sync: what the next Sync, and its ReadyForQuery, are about. */
  #group: string[] = []
  #rows = 0

  /** Which statements a message from the client is about. */
  about(message: ClientMessage, { payload }: Frame): readonly string[] {
    if (message === "Query") return [textAt(payload, 0).text]
    if (message === "Parse") return [secondText(payload)]
    if (message === "Bind") return textOf(this.#statements, secondText(payload))
    if (message === "Execute") return textOf(this.#portals, textAt(payload, 0).text)
    if (message === "Sync") return this.#group
    if (message !== "Describe" && message !== "Close") return NONE
    return textOf(payload[0] === PORTAL ? this.#portals : this.#statements, textAt(payload, 1).text)
  }

  /** Does it ask for more rows of a portal that has given some? */
  fetches(message: ClientMessage, { payload }: Frame): boolean {
    return message === "Execute" && this.#executed.has(textAt(payload, 0).text)
  }

  /** Takes note of a message that goes on to the server. */
  sent(message: ClientMessage, frame: Frame): void {
    if (!isRequest(message)) return
    const sql = this.about(message, frame)
    this.#asked.push({ request: message, sql })
    if (message === "Parse") this.#statements.set(textAt(frame.payload, 0).text, sql[0] ?? "")
    if (message === "Bind") {
      const portal = textAt(frame.payload, 0).text
      this.#portals.set(portal, sql[0] ?? "")
      this.#executed.delete(portal)
    }
    if (message === "Execute") {
      this.#group.push(...sql)
      this.#executed.add(textAt(frame.payload, 0).text)
    }
    if (message === "Sync") this.#group = []
  }

  /** Which statements a message from the server is about; for a DataRow, also which row of its statement it is. */
  answered(message: ServerMessage): { readonly sql: readonly string[]; readonly row: number } {
    if (message === "ReadyForQuery") return { sql: this.#endOfGroup(), row: 0 }
    if (message === "DataRow") this.#rows++
    const current = this.#asked[0]
    const answer = { sql: current?.sql ?? NONE, row: this.#rows }
    if (current !== undefined && COMPLETES[message] === current.request) this.#asked.shift()
    if (message === "CommandComplete" || message === "ErrorResponse") this.#rows = 0
    return answer
  }

  /** ReadyForQuery answers the next Sync or Query; what stands before that was skipped because of an error. */
  #endOfGroup(): readonly string[] {
    this.#rows = 0
    const end = this.#asked.findIndex(({ request }) => ENDS_A_GROUP.has(request))
    return this.#asked.splice(0, end + 1).at(-1)?.sql ?? NONE
  }
}

function isRequest(message: ClientMessage): message is (typeof REQUESTS)[number] {
  return REQUESTS.some((request) => request === message)
}

/** Parse and Bind name what they make before what they make it of. */
function secondText(payload: Buffer): string {
  return textAt(payload, textAt(payload, 0).next).text
}

function textOf(texts: ReadonlyMap<string, string>, name: string): readonly string[] {
  const text = texts.get(name)
  return text === undefined ? NONE : [text]
}
