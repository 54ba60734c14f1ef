type Child = Node | string | undefined
type Attributes = Readonly<Record<string, string | undefined>>

/** An element; text is always text, never markup. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  set(element, attributes)
  element.append(...children.filter((child) => child !== undefined))
  return element
}

/** Sets attributes; undefined takes one away. */
export function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) element.removeAttribute(name)
    else if (element.getAttribute(name) !== value) element.setAttribute(name, value)
  }
}

/** Touches the page only if something changes: what somebody is reading or selecting stays as it is. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** One element per item, by its key: those that stay are kept, with their focus. */
export function keep<T>(
  parent: Element,
  items: readonly T[],
  parts: {
    readonly key: (item: T) => string
    readonly make: (item: T) => HTMLElement
    readonly update: (element: HTMLElement, item: T) => void
  },
): void {
  const before = new Map<string, HTMLElement>()
  for (const child of parent.children) {
    if (child instanceof HTMLElement && child.dataset["key"] !== undefined) before.set(child.dataset["key"], child)
  }
  let next = parent.firstElementChild
  for (const item of items) {
    const key = parts.key(item)
    let element = before.get(key)
    if (element === undefined) {
      element = parts.make(item)
      element.dataset["key"] = key
    }
    before.delete(key)
    parts.update(element, item)
    if (element === next) next = next.nextElementSibling
    else parent.insertBefore(element, next)
  }
  for (const gone of before.values()) gone.remove()
}

const SVG = "http://www.w3.org/2000/svg"

export function svg(tag: string, attributes: Attributes, ...children: readonly Node[]): SVGElement {
  const element = document.createElementNS(SVG, tag)
  set(element, attributes)
  element.append(...children)
  return element
}

export async function copy(text: string, button: HTMLButtonElement): Promise<void> {
  const before = button.textContent
  try {
    await navigator.clipboard.writeText(text)
    button.textContent = "Copied"
  } catch {
    // Without https a browser has no clipboard for pages, but an old way.
    const area = h("textarea", {}, text)
    document.body.append(area)
    area.select()
    button.textContent = document.execCommand("copy") ? "Copied" : "Could not copy"
    area.remove()
  }
  setTimeout(() => (button.textContent = before), 1_500)
}
