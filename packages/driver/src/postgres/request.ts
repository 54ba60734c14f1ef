import { FrontendBuffer } from "./frontend.ts"
import { commented } from "./sql-comment.ts"

export type Parameters = readonly (string | Buffer | null)[]

/** One thing to do inside a Sync group. Only `execute` and `fetch` have an answer of their own. */
export type Step =
  /** Our own statements (BEGIN, COMMIT): no parameters, no rows. */
  | { readonly do: "command"; readonly sql: string }
  /** A question of our own, answered by one row of texts. */
  | { readonly do: "learn"; readonly sql: string }
  /** The same, of the types in the answer. */
  | { readonly do: "confirm"; readonly sql: string }
  /** A write that answers with one number: how many rows it has written. Its reply is that of the plain `command`. */
  | { readonly do: "count"; readonly sql: string; readonly parameters: Parameters; readonly command: string }
  /** `name`: the server keeps it prepared under that, which takes 63 bytes. */
  | { readonly do: "execute"; readonly sql: string; readonly parameters: Parameters; readonly name?: string }
  /** A portal that stays open; `rowsMax` rows of it. */
  | {
      readonly do: "open-portal"
      readonly sql: string
      readonly parameters: Parameters
      readonly portal: string
      readonly rowsMax: number
    }
  | { readonly do: "fetch"; readonly portal: string; readonly rowsMax: number }
  | { readonly do: "close-portal"; readonly portal: string }

/** What is sent in one go, and answered up to one ReadyForQuery. */
export type Request =
  | { readonly protocol: "extended"; readonly steps: readonly Step[] }
  /** The simple protocol: several statements in one text, and our own BEGIN with its settings. */
  | { readonly protocol: "simple"; readonly sql: string }

/** The last statement in it that is a caller's, as text. */
export function textOf(request: Request): string | undefined {
  if (request.protocol === "simple") return request.sql
  const step = request.steps.findLast(
    ({ do: does }) => does === "execute" || does === "count" || does === "open-portal",
  )
  return step !== undefined && "sql" in step ? step.sql : undefined
}

type NamedStep = Extract<Step, { readonly do: "execute" }> & { readonly name: string }

export function isNamed(step: Step): step is NamedStep {
  return step.do === "execute" && step.name !== undefined
}

/**
 * A name of which nobody knows what it stands for is freed first: it may be there, from a statement that failed after it was
 * prepared. Closing what is not there is no error (PostgreSQL manual, 54.7, Close).
 */
function prepare(buffer: FrontendBuffer, { name, sql }: NamedStep, prepared: Readonly<Record<string, string>>): void {
  if (prepared[name] !== sql) buffer.closeStatement(name).parse(sql, name)
}

/**
 * @param prepared what the session keeps prepared, by name
 * @param comment goes behind each text, but for those that have a name: what that stands for would change with every comment
 */
export function encode(request: Request, prepared: Readonly<Record<string, string>>, comment?: string): Buffer {
  const buffer = new FrontendBuffer()
  if (request.protocol === "simple") return buffer.query(sent(request.sql, comment)).finish()
  for (const step of request.steps) {
    switch (step.do) {
      case "command":
      case "learn":
      case "confirm":
        buffer.parse(sent(step.sql, comment)).bind("", []).execute("", 0)
        break
      case "count":
        buffer.parse(sent(step.sql, comment)).bind("", step.parameters).execute("", 0)
        break
      case "execute":
        if (isNamed(step)) prepare(buffer, step, prepared)
        else buffer.parse(sent(step.sql, comment))
        buffer.bind("", step.parameters, step.name).describePortal("").execute("", 0)
        break
      case "open-portal":
        buffer
          .parse(sent(step.sql, comment))
          .bind(step.portal, step.parameters)
          .describePortal(step.portal)
          .execute(step.portal, step.rowsMax)
        break
      case "fetch":
        buffer.execute(step.portal, step.rowsMax)
        break
      case "close-portal":
        buffer.closePortal(step.portal)
        break
    }
  }
  return buffer.sync().finish()
}

function sent(sql: string, comment: string | undefined): string {
  return comment === undefined ? sql : commented(sql, comment)
}
