/** Lines that stay, around those that change. */
const contextMax = 3

/** Beyond this product of lines, finding what stays costs more than it helps: everything in between goes and comes. */
const tableMax = 4_000_000

interface Line {
  readonly sign: " " | "-" | "+"
  readonly text: string
}

/** What changes from one text to another, as `diff -u` shows it; empty if nothing does. */
export function lineDiff(before: string, after: string): readonly string[] {
  const [old, fresh] = [linesOf(before), linesOf(after)]
  let start = 0
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start++
  let end = 0
  while (end < old.length - start && end < fresh.length - start && old.at(-1 - end) === fresh.at(-1 - end)) end++
  const [gone, come] = [old.slice(start, old.length - end), fresh.slice(start, fresh.length - end)]
  if (gone.length + come.length === 0) return []
  const stay = (texts: readonly string[]): readonly Line[] => texts.map((text) => ({ sign: " ", text }))
  return hunks([...stay(old.slice(0, start)), ...changes(gone, come), ...stay(old.slice(old.length - end))])
}

function linesOf(text: string): readonly string[] {
  const lines = text.split("\n")
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines
}

/** By the longest common subsequence. */
function changes(gone: readonly string[], come: readonly string[]): readonly Line[] {
  if (gone.length * come.length > tableMax) return [...signed("-", gone), ...signed("+", come)]
  const width = come.length + 1
  const common = new Uint32Array((gone.length + 1) * width)
  const at = (row: number, column: number): number => common[row * width + column] ?? 0
  for (let row = gone.length - 1; row >= 0; row--) {
    for (let column = come.length - 1; column >= 0; column--) {
      common[row * width + column] =
        gone[row] === come[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1))
    }
  }
  const lines: Line[] = []
  let [row, column] = [0, 0]
  while (row < gone.length && column < come.length) {
    if (gone[row] === come[column]) {
      lines.push({ sign: " ", text: gone[row++] ?? "" })
      column++
    } else if (at(row + 1, column) >= at(row, column + 1)) {
      lines.push({ sign: "-", text: gone[row++] ?? "" })
    } else {
      lines.push({ sign: "+", text: come[column++] ?? "" })
    }
  }
  return [...lines, ...signed("-", gone.slice(row)), ...signed("+", come.slice(column))]
}

function signed(sign: "-" | "+", texts: readonly string[]): readonly Line[] {
  return texts.map((text) => ({ sign, text }))
}

/** Only what changes and what is near to it, each piece with where it begins in both texts. */
function hunks(lines: readonly Line[]): readonly string[] {
  const near = lines.map((_, index) =>
    lines.slice(Math.max(0, index - contextMax), index + contextMax + 1).some(({ sign }) => sign !== " "),
  )
  let [oldLine, newLine] = [1, 1]
  return lines.flatMap(({ sign, text }, index) => {
    const header = near[index] && !near[index - 1] ? [`@@ -${oldLine} +${newLine} @@`] : []
    if (sign !== "+") oldLine++
    if (sign !== "-") newLine++
    return near[index] ? [...header, `${sign}${text}`] : []
  })
}
