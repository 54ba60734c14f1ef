/** Which database something is told of. */
export interface DatabaseIdentity {
  /** Unique among the open ones of the process: the option `name`, or host, port and database. */
  readonly name: string
  /** Undefined where nobody knows where to connect. */
  readonly host: string | undefined
  readonly port: number | undefined
  readonly database: string | undefined
}

const taken = new Set<string>()

/** The name, with a number behind it where another has it already: two pools in one series of a metric would be one that lies. */
export function takeName(wanted: string): string {
  let name = wanted
  for (let number = 2; taken.has(name); number += 1) name = `${wanted}#${number}`
  taken.add(name)
  return name
}

/** Whoever has it is closed. */
export function giveUpName(name: string): void {
  taken.delete(name)
}
