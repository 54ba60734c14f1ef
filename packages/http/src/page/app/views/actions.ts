import { isHistory } from "../asked.ts"
import { h, keep, say, set } from "../dom.ts"
import { clockTime } from "../format.ts"
import type { View } from "./view.ts"

/** What may be asked for: a button each. Absent where nothing may. */
export function actions(): View {
  const buttons = h("div", { class: "buttons" })
  const about = h("p", { class: "soft", id: "about-actions" })
  const said = h("p", { class: "soft", role: "status", id: "said" })
  /** The server's clock less this one's. */
  let aheadMs = 0
  let askedAt: number | undefined
  const element = h(
    "section",
    { class: "card actions", hidden: "", "aria-labelledby": "actions-title" },
    h("h2", { id: "actions-title" }, "Actions"),
    about,
    buttons,
    said,
  )

  const ask = async (name: string, title: string, button: Element): Promise<void> => {
    set(button, { "data-now": "yes" })
    const pressedAt = Date.now() + aheadMs
    askedAt = pressedAt
    const tell = (words: string): void => say(said, `${clockTime(pressedAt)} ${title}${words}`)
    tell(" …")
    try {
      const response = await fetch(`actions/${name}`, { method: "POST" })
      const answer: unknown = await response.json()
      tell(`: ${wordsOf(answer) ?? (response.ok ? "started" : `refused (${response.status})`)}`)
    } catch {
      tell(": the server did not answer.")
    }
    set(button, { "data-now": undefined })
  }
  return {
    element,
    show({ model, incidents, now }) {
      aheadMs = now - Date.now()
      if (askedAt !== undefined && isHistory(askedAt, incidents, now)) {
        askedAt = undefined
        say(said, "")
      }
      const offered = model.hello?.actions ?? []
      say(about, [...new Set(offered.flatMap((one) => one.about ?? []))].join(" "))
      element.hidden = offered.length === 0
      keep(buttons, offered, {
        key: ({ name }) => name,
        make({ name, title }) {
          const button = h("button", { type: "button", "data-action": name }, title)
          button.addEventListener("click", () => void ask(name, title, button))
          return button
        },
        update: () => {},
      })
    },
  }
}

function wordsOf(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null) return undefined
  for (const key of ["said", "detail"]) {
    const words: unknown = Reflect.get(answer, key)
    if (typeof words === "string") return words
  }
  return undefined
}
