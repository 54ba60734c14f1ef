import { Undecodable } from "./undecodable.ts"

/** `timestamptz` as PostgreSQL writes it in ISO style, to the millisecond. */
export function parseTimestamptz(text: string): Date {
  const moment = readMoment(text)
  const date = new Date(0)
  date.setUTCFullYear(moment.year, moment.month - 1, moment.day)
  date.setUTCHours(moment.hours, moment.minutes, moment.seconds, moment.milliseconds)
  return checked(new Date(date.getTime() - readOffset(text, moment.end) * 1000))
}

/** `timestamp` as the wall clock of the process's own time zone. */
export function parseTimestamp(text: string): Date {
  const moment = readMoment(text)
  if (moment.end !== text.length) throw malformed(text)
  const date = new Date(2000, 0, 1)
  date.setFullYear(moment.year, moment.month - 1, moment.day)
  date.setHours(moment.hours, moment.minutes, moment.seconds, moment.milliseconds)
  return checked(date)
}

/** `date` as its midnight in the process's own time zone. */
export function parseDate(text: string): Date {
  const { year, month, day, end } = readDay(text)
  if (end !== text.length) throw malformed(text)
  const date = new Date(2000, 0, 1)
  date.setFullYear(year, month - 1, day)
  return checked(date)
}

interface Day {
  readonly year: number
  readonly month: number
  readonly day: number
  /** Where reading goes on. */
  readonly end: number
}

interface Moment extends Day {
  readonly hours: number
  readonly minutes: number
  readonly seconds: number
  readonly milliseconds: number
}

function readMoment(text: string): Moment {
  const { year, month, day, end } = readDay(text)
  if (text.charAt(end) !== " " || text.charAt(end + 3) !== ":" || text.charAt(end + 6) !== ":") throw malformed(text)
  const hours = twoDigits(text, end + 1)
  const minutes = twoDigits(text, end + 4)
  const seconds = twoDigits(text, end + 7)
  let at = end + 9
  let milliseconds = 0
  if (text.charAt(at) === ".") {
    at += 1
    for (let weight = 100; isDigit(text, at); weight /= 10, at += 1) {
      if (weight >= 1) milliseconds += weight * digit(text, at)
    }
  }
  return { year, month, day, hours, minutes, seconds, milliseconds, end: at }
}

function readDay(text: string): Day {
  let at = 0
  let year = 0
  while (isDigit(text, at)) {
    year = year * 10 + digit(text, at)
    at += 1
  }
  if (at < 4 || text.charAt(at) !== "-" || text.charAt(at + 3) !== "-") throw malformed(text)
  return { year, month: twoDigits(text, at + 1), day: twoDigits(text, at + 4), end: at + 6 }
}

/** `+02`, `-03:30`, `+00:19:32`, in seconds. */
function readOffset(text: string, start: number): number {
  const sign = text.charAt(start)
  if (sign !== "+" && sign !== "-") throw malformed(text)
  let seconds = twoDigits(text, start + 1) * 3600
  let at = start + 3
  for (const unit of [60, 1]) {
    if (text.charAt(at) !== ":") break
    seconds += twoDigits(text, at + 1) * unit
    at += 3
  }
  if (at !== text.length) throw malformed(text)
  return sign === "-" ? -seconds : seconds
}

function twoDigits(text: string, at: number): number {
  if (!isDigit(text, at) || !isDigit(text, at + 1)) throw malformed(text)
  return digit(text, at) * 10 + digit(text, at + 1)
}

function digit(text: string, at: number): number {
  return text.charCodeAt(at) - 0x30
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0x30 && code <= 0x39
}

function checked(date: Date): Date {
  if (Number.isNaN(date.getTime())) throw new Undecodable(`It is later than any Date can be. ${INSTEAD}`)
  return date
}

const INSTEAD = 'Let the policy choose "string" for its type to read such values'

function malformed(text: string): Undecodable {
  if (text === "infinity" || text === "-infinity") return new Undecodable(`Infinity is no Date. ${INSTEAD}`)
  if (text.endsWith(" BC")) return new Undecodable(`It is before the year 1. ${INSTEAD}`)
  return new Undecodable("It is not in ISO style: is DateStyle another in this session?")
}
