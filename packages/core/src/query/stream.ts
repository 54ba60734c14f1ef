import type { Effect, StreamChunk } from "@kysely-resilient/driver"
import { err, ok, type Result } from "neverthrow"

import { watched, type TellDropped } from "../dropped/watched.ts"
import type { CallSite } from "../errors/call-site.ts"
import type { QueryError } from "../errors/database-error.ts"
import { localFailure } from "../errors/local-failure.ts"
import { promised } from "../foundation/promised.ts"
import { Call } from "./call.ts"
import type { Kit } from "./kit.ts"
import type { Lane } from "./lane.ts"
import type { Query } from "./query.ts"
import { readStreamOptions, type StreamOptions } from "./run-options.ts"

/** A query whose rows come in chunks. */
export interface StreamWork {
  readonly query: Query
  readonly options: StreamOptions | undefined
  readonly site: CallSite | undefined
}

/** A stream that runs its query anew for every loop over it. */
export function rowStream<Row>(kit: Kit, lane: Lane, work: StreamWork): AsyncIterable<Result<Row, QueryError>> {
  return { [Symbol.asyncIterator]: () => rowsOf(chunksOf<Row>(kit, lane, work), kit.dropped, work.site) }
}

async function* rowsOf<Row>(
  chunks: AsyncIterable<Result<readonly Row[], QueryError>>,
  tell: TellDropped,
  site: CallSite | undefined,
): AsyncGenerator<Result<Row, QueryError>, void, undefined> {
  for await (const chunk of chunks) {
    if (chunk.isOk()) for (const row of chunk.value) yield ok(row)
    else yield tell === undefined ? err(chunk.error) : watched(err(chunk.error), { site, tell })
  }
}

/** Chunk by chunk, with one Err at the most, at the end. Whatever throws on the way is an Err. */
export async function* chunksOf<Row>(
  kit: Kit,
  lane: Lane,
  work: StreamWork,
  call: Call = new Call(kit, lane, work.site),
): AsyncGenerator<Result<readonly Row[], QueryError>, void, undefined> {
  let chunks: AsyncIterator<StreamChunk> | undefined
  let ended: (() => void) | undefined
  try {
    const options = readStreamOptions(work.options)
    if (!options.ok) {
      yield err(call.error(localFailure("refused", options.refused)))
      return
    }
    const { said, chunkSize } = options.value
    call.hear(said)
    const compiled = call.compile(work.query)
    let obstacle = call.refusalOf(compiled) ?? lane.obstacle()
    while (obstacle instanceof Promise) {
      await obstacle
      obstacle = lane.obstacle()
    }
    if (obstacle !== undefined) {
      yield err(call.error(obstacle))
      return
    }

    ended = call.holds()
    call.stage = "sent"
    const onLeft = (effect: Effect): void => void (call.left = effect)
    chunks = lane.target.stream(compiled, chunkSize, { ...call.said, onLeft })[Symbol.asyncIterator]()
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      const chunk = next.value
      if (!chunk.ok) {
        call.attempts = chunk.attempts
        const error = call.error(chunk.failure, chunk)
        lane.failed(chunk.failure, error)
        yield err(error)
        return
      }
      call.stage = "answered"
      call.attempts = chunk.attempts
      call.onlyRead = chunk.access === "read"
      const { rows } = await call.seen(
        { rows: chunk.value, command: "SELECT", affected: undefined },
        call.pluginsOf(compiled),
      )
      yield ok(promised<readonly Row[]>(rows))
      call.stage = "sent"
    }
  } catch (thrown) {
    // What became of a write is known when its portal is closed.
    await closed(chunks)
    yield err(call.threw(thrown))
  } finally {
    await closed(chunks)
    ended?.()
  }
}

/** Lets the driver close the portal and give back the connection. Not ours to fail on. */
async function closed(chunks: AsyncIterator<StreamChunk> | undefined): Promise<void> {
  try {
    await chunks?.return?.()
  } catch {
    // The driver promises not to; should it break its word, the rows that were delivered are still right.
  }
}
