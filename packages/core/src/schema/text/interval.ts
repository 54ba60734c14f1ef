import type { IntervalParts } from "../values.ts"
import { Undecodable } from "./undecodable.ts"

const INTERVAL =
  /^(?:([+-]?\d+) years?)? ?(?:([+-]?\d+) mons?)? ?(?:([+-]?\d+) days?)? ?(?:([+-])?(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/

/** Reads intervals in PostgreSQL's own style: `1 year -2 mons +3 days -04:05:06.789`. */
export function parseInterval(text: string): IntervalParts {
  const parts = text === "" ? null : INTERVAL.exec(text)
  if (parts === null) throw unreadable(text)
  const [, years, months, days, sign, hours, minutes, seconds, fraction] = parts
  const signed = (digits: string | undefined): number => (sign === "-" ? 0 - Number(digits ?? 0) : Number(digits ?? 0))
  return {
    years: Number(years ?? 0),
    months: Number(months ?? 0),
    days: Number(days ?? 0),
    hours: signed(hours),
    minutes: signed(minutes),
    seconds: signed(seconds),
    milliseconds: signed(fraction?.padEnd(6, "0")) / 1000,
  }
}

function unreadable(text: string): Undecodable {
  return text === "infinity" || text === "-infinity"
    ? new Undecodable('Infinity has no parts. Let the policy choose interval: "string" to read such values')
    : new Undecodable("It is not in PostgreSQL's own style: is IntervalStyle another in this session?")
}
