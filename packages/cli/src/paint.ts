import { styleText } from "node:util"

import type { Screen } from "./command.ts"

export type Style = "bold" | "dim" | "green" | "yellow" | "red" | "cyan"

/** Colours, or nothing where nobody can see them. */
export type Paint = (style: Style, text: string) => string

/** Colours on a terminal that wants them, plain text elsewhere; FORCE_COLOR and NO_COLOR are heard, in this order, as Node hears them. */
export function paintFor(screen: Screen, env: Readonly<Record<string, string | undefined>>): Paint {
  const { FORCE_COLOR: forced, NO_COLOR: unwanted = "", TERM: terminal } = env
  const colours =
    forced === undefined
      ? screen.isTTY === true && unwanted === "" && terminal !== "dumb"
      : forced !== "0" && forced !== "false"
  return (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text)
}
