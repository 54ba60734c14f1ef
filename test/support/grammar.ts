import { expect } from "vitest"

/** "1 callers", "1 of them were", "1 wait": a number of one with the words of many. */
const ONE_AS_MANY = /(?<![\d.,])1 (?:(?!(?:was|has|is|waits)\b)[a-z]+s\b|(?:of them )?(?:were|are|have|wait)\b)/

export function expectOneAsOne(text: string): void {
  expect(text).not.toMatch(ONE_AS_MANY)
}
