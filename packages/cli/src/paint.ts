import { styleText } from "node:util"

import type { Screen } from "./command.ts"

export type Style = "bold" | "dim" | "green" | "yellow" | "red" | "cyan"

/** Colours, or nothing where nobody can see them. */
export type Paint = (style: Style, text: string) => string

/** Colours on a terminal that wants them (NO_COLOR is heard), plain text elsewhere. */
export function paintFor(screen: Screen, env: Readonly<Record<string, string | undefined>>): Paint {
  const colours = screen.isTTY === true && (env["NO_COLOR"] ?? "") === ""
  return (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text)
}
