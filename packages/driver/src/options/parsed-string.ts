/** A reason why a connection string cannot be read. Quotes nothing of the string: any part of it may be the password. */
export interface Unreadable {
  readonly problem: string
  readonly hint: string
}

/**
 * libpq's keywords and their values, as the string gave them; none of them checked yet. Names are secret where one that
 * nobody knows may be the rest of a password: after a password with an unquoted space or `&`.
 */
export type ParsedString =
  | { readonly ok: true; readonly values: ReadonlyMap<string, string>; readonly names: "quotable" | "secret" }
  | { readonly ok: false; readonly unreadable: Unreadable }

export function unreadable(problem: string, hint: string): ParsedString {
  return { ok: false, unreadable: { problem, hint } }
}
