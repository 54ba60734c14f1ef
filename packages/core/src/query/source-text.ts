/** What a function's source tells of how it treats its arguments. Conservative: what looks as if, counts. */

/** Strict comparison and its like: they tell values apart, and nothing about the values can notice it. */
const COMPARING = /[!=]==|\b(?:switch|typeof|instanceof|Object\.is)\b|\.(?:has|get|includes|indexOf|lastIndexOf)\s*\(/

/** A bound or built-in function shows nothing. */
const NATIVE = /\{\s*\[native code\]\s*\}\s*$/

export function looksAt(source: string): boolean {
  return COMPARING.test(source) || NATIVE.test(source)
}

const LITERAL = /"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`([^`\\$]*)`|(?<![\w.$])(\d[\d_]*(?:\.\d+)?)(n?)\b/g

/** The constants that are written in it, as far as they are plain; one that is missed costs time and nothing else. */
export function literalsOf(source: string): ReadonlySet<unknown> {
  const literals = new Set<unknown>()
  for (const [, double, single, template, digits, big] of source.matchAll(LITERAL)) {
    const text = double ?? single ?? template
    if (text !== undefined) literals.add(text)
    else if (digits !== undefined) literals.add(numberOf(digits.replaceAll("_", ""), big === "n"))
  }
  if (/\btrue\b|!0\b/.test(source)) literals.add(true)
  if (/\bfalse\b|!1\b/.test(source)) literals.add(false)
  if (/\bnull\b/.test(source)) literals.add(null)
  return literals
}

function numberOf(digits: string, big: boolean): number | bigint {
  return big && !digits.includes(".") ? BigInt(digits) : Number(digits)
}
