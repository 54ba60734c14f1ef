import type { Finding } from "./advice.ts"

/** One thing that can be wrong. A new one is a file in `rules/`, and a line in the list of its kind. */
export interface Rule<Subject> {
  readonly code: string
  /** For the page about advice: when it speaks, with its numbers. */
  readonly when: string
  /** For the page about advice: what comes of it. */
  readonly why: string
  /** Nothing, if there is nothing to say, or if that cannot be known. */
  readonly find: (subject: Subject) => Finding | undefined
}
