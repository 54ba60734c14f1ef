/**
 * - `word`: a keyword or an identifier without quotes
 * - `name`: "an identifier in quotes", U&"…" included
 * - `string`: '…', E'…', U&'…', $tag$…$tag$
 * - `number`: digits
 * - `symbol`: any other single character
 */
export type LexemeKind = "word" | "name" | "string" | "number" | "symbol" | "end"

/**
 * Walks through SQL text lexeme by lexeme, as PostgreSQL's scanner would with `standard_conforming_strings` on, which is
 * the default and what `pg` needs. Never fails (what is left open ends with the text) and looks at each character a
 * bounded number of times. A cursor and not a list, so that a text of megabytes costs no memory.
 */
export class SqlScanner {
  readonly text: string
  kind: LexemeKind = "end"
  start = 0
  end = 0

  constructor(text: string) {
    this.text = text
  }

  next(): LexemeKind {
    const { text } = this
    const at = endOfBlank(text, this.end)
    this.start = at
    if (at >= text.length) return this.#found("end", at)
    const code = text.charCodeAt(at)
    if (startsWord(code)) return this.#word(at)
    if (isDigit(code)) return this.#found("number", endOfDigits(text, at + 1))
    if (code === QUOTE) return this.#found("string", endOfQuoted(text, at + 1, "'"))
    if (code === DOUBLE_QUOTE) return this.#found("name", endOfQuoted(text, at + 1, '"'))
    if (code === DOLLAR) return this.#dollar(at)
    return this.#found("symbol", at + 1)
  }

  /** The lexeme as it is written. */
  get lexeme(): string {
    return this.text.slice(this.start, this.end)
  }

  #found(kind: LexemeKind, end: number): LexemeKind {
    this.end = end
    this.kind = kind
    return kind
  }

  /** A word, or the letter before a string or name of another kind. */
  #word(at: number): LexemeKind {
    const { text } = this
    const end = endOfWord(text, at + 1)
    if (end === at + 1) {
      const letter = text.charCodeAt(at) | LOWER_CASE
      if (letter === LETTER_E && text.charCodeAt(end) === QUOTE) {
        return this.#found("string", endOfEscaped(text, end + 1))
      }
      if (letter === LETTER_U && text.charCodeAt(end) === AMPERSAND) {
        const quote = text.charCodeAt(end + 1)
        if (quote === QUOTE) return this.#found("string", endOfQuoted(text, end + 2, "'"))
        if (quote === DOUBLE_QUOTE) return this.#found("name", endOfQuoted(text, end + 2, '"'))
      }
    }
    return this.#found("word", end)
  }

  /** `$$` and `$tag$` open a string; `$1` is a parameter, for no tag begins with a digit; `a$b$` is a word. */
  #dollar(at: number): LexemeKind {
    const { text } = this
    DOLLAR_TAG.lastIndex = at
    const tag = DOLLAR_TAG.exec(text)?.[0]
    if (tag === undefined) return this.#found("symbol", at + 1)
    const close = text.indexOf(tag, at + tag.length)
    return this.#found("string", close === -1 ? text.length : close + tag.length)
  }
}

const TAB = 9
const NEWLINE = 10
const CARRIAGE_RETURN = 13
const SPACE = 32
const DOUBLE_QUOTE = 34
const DOLLAR = 36
const AMPERSAND = 38
const QUOTE = 39
const STAR = 42
const MINUS = 45
const SLASH = 47
const UNDERSCORE = 95
const BACKSLASH = 92
/** The bit that makes an ASCII letter a small one. */
const LOWER_CASE = 32
const LETTER_A = 97
const LETTER_E = 101
const LETTER_U = 117
const LETTER_Z = 122

const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

/** Everything beyond ASCII is a letter to PostgreSQL, the no-break space included. */
function startsWord(code: number): boolean {
  const letter = code | LOWER_CASE
  return (letter >= LETTER_A && letter <= LETTER_Z) || code === UNDERSCORE || code >= 128
}

function isBlank(code: number): boolean {
  return code === SPACE || (code >= TAB && code <= CARRIAGE_RETURN)
}

function endOfWord(text: string, from: number): number {
  let at = from
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (!startsWord(code) && !isDigit(code) && code !== DOLLAR) break
  }
  return at
}

function endOfDigits(text: string, from: number): number {
  let at = from
  while (isDigit(text.charCodeAt(at))) at += 1
  return at
}

/** Past white space and comments. */
function endOfBlank(text: string, from: number): number {
  let at = from
  for (;;) {
    const code = text.charCodeAt(at)
    if (isBlank(code)) at += 1
    else if (code === MINUS && text.charCodeAt(at + 1) === MINUS) at = endOfLine(text, at + 2)
    else if (code === SLASH && text.charCodeAt(at + 1) === STAR) at = endOfComment(text, at + 2)
    else return at
  }
}

function endOfLine(text: string, from: number): number {
  let at = from
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === NEWLINE || code === CARRIAGE_RETURN) break
  }
  return at
}

/** Comments nest. */
function endOfComment(text: string, from: number): number {
  let depth = 1
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === SLASH && text.charCodeAt(at + 1) === STAR) {
      depth += 1
      at += 1
    } else if (code === STAR && text.charCodeAt(at + 1) === SLASH) {
      depth -= 1
      at += 1
      if (depth === 0) return at + 1
    }
  }
  return text.length
}

/** A doubled quote is a quote. */
function endOfQuoted(text: string, from: number, quote: "'" | '"'): number {
  let at = from
  for (;;) {
    const close = text.indexOf(quote, at)
    if (close === -1) return text.length
    if (text[close + 1] !== quote) return close + 1
    at = close + 2
  }
}

function endOfEscaped(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at += 1
    else if (code === QUOTE) {
      if (text.charCodeAt(at + 1) === QUOTE) at += 1
      else {
        const more = continuation(text, at + 1)
        if (more === undefined) return at + 1
        at = more
      }
    }
  }
  return text.length
}

/** Strings with nothing but white space and a line break between them are one; the rest of it has the escapes too. */
function continuation(text: string, from: number): number | undefined {
  let at = from
  let lineBreak = false
  for (;;) {
    const code = text.charCodeAt(at)
    if (isBlank(code)) {
      lineBreak ||= code === NEWLINE || code === CARRIAGE_RETURN
      at += 1
    } else if (code === MINUS && text.charCodeAt(at + 1) === MINUS) at = endOfLine(text, at + 2)
    else return lineBreak && code === QUOTE ? at : undefined
  }
}
