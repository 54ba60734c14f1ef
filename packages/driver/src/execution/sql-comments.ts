import { RecentTexts } from "../postgres/recent-texts.ts"
import { sqlComment, type SqlTags } from "../postgres/sql-comment.ts"

export interface SqlCommentsParts {
  readonly application: string | undefined
  /** Asked for each statement, in the context of its caller. Later ones win. */
  readonly sources: readonly (() => SqlTags | undefined)[]
  /** A source threw: its tags are left out. */
  readonly onFailure: () => void
}

/** An application has some hundred names for what it does; others are not worth remembering. */
const LABELS_KEPT = { entriesMax: 500, lengthMax: 256 }

/** What each statement says, in a comment, of who sends it. */
export class SqlComments {
  readonly #parts: SqlCommentsParts
  readonly #constant: SqlTags
  /** By label, where that is all that differs. */
  readonly #known = new RecentTexts<string>(LABELS_KEPT)

  constructor(parts: SqlCommentsParts) {
    this.#parts = parts
    this.#constant = { application: parts.application, db_driver: "kysely-resilient" }
  }

  /** @param label the name that its caller gave it, or its transaction */
  of(label: string | undefined): string | undefined {
    let tags: SqlTags | undefined
    for (const source of this.#parts.sources) {
      const given = this.#ask(source)
      if (given !== undefined) tags = { ...tags, ...given }
    }
    if (tags !== undefined) return sqlComment({ ...this.#constant, action: label, ...tags })
    const key = label ?? ""
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const comment = sqlComment({ ...this.#constant, action: label })
    if (comment !== undefined) this.#known.set(key, comment)
    return comment
  }

  /** Whatever is wrong with what is said of a statement, it is sent. */
  #ask(source: () => SqlTags | undefined): SqlTags | undefined {
    try {
      const given = source()
      if (given === undefined) return undefined
      // Read once, here: they may be getters. An async function passes for a source, and its rejection would otherwise be nobody's.
      if (!(given instanceof Promise)) return { ...given }
      this.#parts.onFailure()
      given.catch(() => {})
    } catch {
      this.#parts.onFailure()
    }
    return undefined
  }
}
