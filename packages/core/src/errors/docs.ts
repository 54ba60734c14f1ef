/** Where the page about errors is published; it has an anchor for every kind. */
const ERRORS_PAGE = "https://github.com/kysely-resilient/kysely-resilient/blob/main/docs/errors.md"

/** What to read about a kind of error. */
export function docsOf(kind: string): string {
  return `${ERRORS_PAGE}#${kind}`
}
