import process from "node:process"

import { EXIT, type Command, type Surroundings } from "../command.ts"
import type { Endpoint } from "../endpoint.ts"
import { Interruption } from "../interruption.ts"
import { paintFor } from "../paint.ts"
import { Canvas } from "./canvas.ts"
import { Diary } from "./diary.ts"
import { feed, type Told } from "./feed.ts"
import { taught } from "../taught.ts"
import { HELP, parseFlags, type Flags } from "./flags.ts"
import { frame } from "./frame.ts"
import { listenForQuit } from "./keys.ts"
import { after, NOTHING_SEEN, type Seen } from "./seen.ts"
import { printable } from "../words.ts"

/** Fast enough for eyes, and slow enough for a line over the sea. */
const REDRAW_MS = 250

export const watch: Command = taught("watch", HELP, parseFlags, show)

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

/** Elsewhere: line by line. Gives why it was refused, if it was. */
async function log(told: AsyncIterable<Told>, { stdout }: Surroundings): Promise<string | undefined> {
  const diary = new Diary((line) => void stdout.write(`${printable(line)}\n`))
  for await (const one of told) {
    if (one.what === "refused") return one.why
    diary.note(one, Date.now())
  }
  return undefined
}
