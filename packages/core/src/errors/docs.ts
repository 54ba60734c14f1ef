import { DOCS } from "../foundation/docs.ts"

/** What to read about a kind of error: the page has an anchor for every one. */
export function docsOf(kind: string): string {
  return `${DOCS}/errors.md#${kind}`
}
