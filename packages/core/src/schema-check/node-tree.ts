/** A value in PostgreSQL's text form of a parsed query: a node, a list, or a bare word. */
export type Tree = TreeNode | readonly Tree[] | string

export interface TreeNode {
  readonly tag: string
  readonly fields: ReadonlyMap<string, Tree>
}

/** Parentheses and braces stand alone; a text in quotes or a word may escape any character with a backslash. */
const token = /[(){}]|"(?:[^"\\]|\\[^])*"|(?:[^\s(){}\\]|\\[^])+/g

/** Undefined for what is not written as expected: versions differ, and nothing that is not understood may be concluded from. */
export function parseTree(text: string): Tree | undefined {
  const tokens = text.match(token) ?? []
  const reader = new Reader(tokens)
  const tree = reader.value()
  return reader.atEnd ? tree : undefined
}

class Reader {
  readonly #tokens: readonly string[]
  #at = 0
  #broken = false

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }

  get atEnd(): boolean {
    return !this.#broken && this.#at === this.#tokens.length
  }

  value(): Tree {
    const next = this.#take()
    if (next === "(") return this.#list()
    return next === "{" ? this.#node() : next
  }

  #list(): readonly Tree[] {
    const values: Tree[] = []
    while (this.#peek() !== ")" && !this.#broken) values.push(this.value())
    this.#take()
    return values
  }

  #node(): TreeNode {
    const tag = this.#take()
    const fields = new Map<string, Tree>()
    while (this.#peek() !== "}" && !this.#broken) {
      const name = this.#take()
      // Only where a name must stand is a word with a colon one: an alias may begin with a colon, too.
      fields.set(name, this.value())
      while (this.#peek() !== "}" && !this.#peek().startsWith(":") && !this.#broken) this.value()
    }
    this.#take()
    return { tag, fields }
  }

  #peek(): string {
    const next = this.#tokens[this.#at]
    if (next === undefined) this.#broken = true
    return next ?? ""
  }

  #take(): string {
    const next = this.#peek()
    this.#at += 1
    return next
  }
}

export function isNode(tree: Tree | undefined, tag: string): tree is TreeNode {
  return tree !== undefined && isAnyNode(tree) && tree.tag === tag
}

function isAnyNode(tree: Tree): tree is TreeNode {
  return typeof tree === "object" && !Array.isArray(tree)
}

/** A list's values; none for what is no list, as `<>` is written for an empty one. */
export function listOf(tree: Tree | undefined): readonly Tree[] {
  return tree === undefined || typeof tree === "string" || isAnyNode(tree) ? [] : tree
}
