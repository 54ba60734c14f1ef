import process from "node:process"

import { EXIT, type Command, type Surroundings } from "../command.ts"
import type { Endpoint } from "../endpoint.ts"
import { Interruption } from "../interruption.ts"
import { paintFor } from "../paint.ts"
import { Canvas } from "./canvas.ts"
import { eventLine, timeOf } from "./event-line.ts"
import { feed, type Told } from "./feed.ts"
import { HELP, parseFlags, type Flags } from "./flags.ts"
import { frame } from "./frame.ts"
import { listenForQuit } from "./keys.ts"
import { after, NOTHING_SEEN, type Seen } from "./seen.ts"
import { milliseconds, printable } from "../words.ts"

/** Fast enough for eyes, and slow enough for a line over the sea. */
const REDRAW_MS = 250
/** Not a terminal: a line now and then, so that a log stays readable. */
const LINE_MS = 5_000

export const watch: Command = {
  name: "watch",
  summary: "shows how the database of a running application is doing, as it happens",
  async run(args, surroundings) {
    const parsed = parseFlags(args, surroundings.env)
    switch (parsed.action) {
      case "help":
        surroundings.stdout.write(HELP)
        return EXIT.ok
      case "refuse":
        surroundings.stderr.write(`watch: ${parsed.message}.\nTry kysely-resilient watch --help\n`)
        return EXIT.misunderstood
      case "run":
        return show(parsed.flags, surroundings)
    }
  },
}

async function show({ endpoint, seconds }: Flags, surroundings: Surroundings): Promise<number> {
  using interruption = new Interruption(process)
  const stop = new AbortController()
  const ends = [
    interruption.signal,
    stop.signal,
    ...(seconds === undefined ? [] : [AbortSignal.timeout(seconds * 1_000)]),
  ]
  const signal = AbortSignal.any(ends)
  using _keys = surroundings.stdout.isTTY === true ? listenForQuit(() => stop.abort()) : undefined
  const told = feed(endpoint, signal)
  const refused =
    surroundings.stdout.isTTY === true ? await draw(told, endpoint, surroundings) : await log(told, surroundings)
  if (refused === undefined) return EXIT.ok
  surroundings.stderr.write(`watch: ${refused}\n`)
  return EXIT.misunderstood
}

/** On a terminal: one picture, drawn again while it changes. Gives why it was refused, if it was. */
async function draw(
  told: AsyncIterable<Told>,
  { url }: Endpoint,
  { stdout, env }: Surroundings,
): Promise<string | undefined> {
  const paint = paintFor(stdout, env)
  let seen: Seen = NOTHING_SEEN
  using canvas = new Canvas(stdout)
  const picture = (): void => canvas.draw(frame(seen, url.host, Date.now(), canvas.window, paint))
  picture()
  const timer = setInterval(picture, REDRAW_MS)
  try {
    for await (const one of told) {
      if (one.what === "refused") return one.why
      seen = after(seen, one)
    }
    return undefined
  } finally {
    clearInterval(timer)
  }
}

/** Elsewhere: line by line. What happened before anybody watched is not told again. */
async function log(told: AsyncIterable<Told>, { stdout }: Surroundings): Promise<string | undefined> {
  const startedAt = Date.now()
  let saidAt = 0
  for await (const one of told) {
    if (one.what === "refused") return one.why
    if (one.what === "lost") {
      stdout.write(`${timeOf(Date.now())}  nothing is heard: ${one.why}\n`)
      continue
    }
    const { message } = one
    if (message.type === "event" && message.data.until_ms >= startedAt)
      stdout.write(`${printable(eventLine(message.data))}\n`)
    if (message.type === "sample" && message.data.at_ms >= Math.max(startedAt, saidAt + LINE_MS)) {
      saidAt = message.data.at_ms
      const { status, pool, since_last: second, p95_s } = message.data
      stdout.write(
        `${timeOf(saidAt)}  ${status}  ${second.queries} /s, ${second.failed} failed, p95 ${milliseconds(p95_s * 1_000)}, ` +
          `pool ${pool.used} of ${pool.max}, ${pool.waiting} waiting\n`,
      )
    }
  }
  return undefined
}
