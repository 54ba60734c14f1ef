/** What is to be done next; nothing, or nothing that can be. */
export type Next = "done" | "disorder" | Step

export interface Step {
  readonly name: string
  readonly direction: "up" | "down"
}

/** The next migration on the way to `to`. They come in the order of their names, and are undone in the order of their times. */
export function nextOf(migrations: readonly Executed[], to: string | null | undefined): Next {
  const target = to === undefined ? migrations.length - 1 : migrations.findIndex(({ name }) => name === to)
  const surplus = migrations.filter(({ executedAt }, index) => executedAt !== undefined && index > target)
  if (surplus.length > 0) {
    const newest = migrations
      .filter(({ executedAt }) => executedAt !== undefined)
      .toSorted(byTime)
      .at(-1)
    return newest !== undefined && surplus.includes(newest) ? { name: newest.name, direction: "down" } : "disorder"
  }
  const missing = migrations.find(({ executedAt }, index) => executedAt === undefined && index <= target)
  return missing === undefined ? "done" : { name: missing.name, direction: "up" }
}

interface Executed {
  readonly name: string
  readonly executedAt?: Date | undefined
}

function byTime(a: Executed, b: Executed): number {
  return (a.executedAt?.getTime() ?? 0) - (b.executedAt?.getTime() ?? 0) || a.name.localeCompare(b.name)
}
