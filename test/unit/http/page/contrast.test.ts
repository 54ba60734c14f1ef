import { readFileSync } from "node:fs"

import { describe, expect, it } from "vitest"

const css = readFileSync(new URL("../../../../packages/http/src/page/app/page.css", import.meta.url), "utf8")

/** What a part of the style sheet says of colours, over what another has said before. */
function coloursIn(part: string, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  const said = [...part.matchAll(/--([a-z-]+): (#[0-9a-f]{3,6});/g)].map(
    ([, name = "", value = ""]) => [name, value] as const,
  )
  return new Map([...before, ...said])
}

const [light = "", dark = ""] =
  /:root \{([^}]*)\}\s*@media \(prefers-color-scheme: dark\) \{\s*:root \{([^}]*)\}/.exec(css)?.slice(1) ?? []
const themes = { light: coloursIn(light), dark: coloursIn(dark, coloursIn(light)) }

/** Relative luminance and contrast, as WCAG 2 define them. */
function luminance(hex: string): number {
  const digits = (hex.length === 4 ? hex.replaceAll(/[0-9a-f]/g, "$&$&") : hex).slice(1).match(/../g) ?? []
  const [red = 0, green = 0, blue = 0] = digits
    .map((digit) => Number.parseInt(digit, 16) / 255)
    .map((share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}

describe.each(Object.entries(themes))("in the %s", (_, colours) => {
  const of = (name: string): string => colours.get(name)!

  it.each(["ink", "soft", "good", "warn", "bad", "accent"])(
    "text in %s can be read on everything that is under it",
    (name) => {
      for (const under of ["paper", "card", "warn-tint", "bad-tint", "hover"]) {
        expect(contrast(of(name), of(under)), `${name} on ${under}`).toBeGreaterThanOrEqual(4.5)
      }
    },
  )

  it.each(["edge", "good", "warn", "bad", "accent", "violet", "pink", "teal"])(
    "a line or an outline in %s can be seen",
    (name) => {
      expect(contrast(of(name), of("card"))).toBeGreaterThanOrEqual(3)
    },
  )
})
