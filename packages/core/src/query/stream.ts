import type { StreamChunk } from "@kysely-resilient/driver"
import { err, ok, type Result } from "neverthrow"

import type { CallSite } from "../errors/call-site.ts"
import type { QueryError } from "../errors/database-error.ts"
import { localFailure } from "../errors/local-failure.ts"
import { Call } from "./call.ts"
import type { Kit } from "./kit.ts"
import type { Lane } from "./lane.ts"
import type { Query } from "./query.ts"
import { readChunkSize, readRunOptions, type StreamOptions } from "./run-options.ts"

/** A stream that runs its query anew for every loop over it. */
export function rowStream<Row>(
  kit: Kit,
  lane: Lane,
  query: Query,
  options: StreamOptions | undefined,
  site: CallSite | undefined,
): AsyncIterable<Result<Row, QueryError>> {
  return { [Symbol.asyncIterator]: () => rowsOf(chunksOf<Row>(kit, lane, query, options, site)) }
}

async function* rowsOf<Row>(
  chunks: AsyncIterable<Result<readonly Row[], QueryError>>,
): AsyncGenerator<Result<Row, QueryError>, void, undefined> {
  for await (const chunk of chunks) {
    if (chunk.isErr()) return yield err(chunk.error)
    for (const row of chunk.value) yield ok(row)
  }
}

/** Chunk by chunk, with one Err at the most, at the end. Whatever throws on the way is an Err. */
export async function* chunksOf<Row>(
  kit: Kit,
  lane: Lane,
  query: Query,
  options: StreamOptions | undefined,
  site: CallSite | undefined,
): AsyncGenerator<Result<readonly Row[], QueryError>, void, undefined> {
  const call = new Call(kit, site)
  let chunks: AsyncIterator<StreamChunk> | undefined
  try {
    const said = readRunOptions(options)
    if (!said.ok) return yield err(call.error(localFailure("refused", said.refused)))
    call.said = said.value
    const chunkSize = readChunkSize(options)
    if (!chunkSize.ok) return yield err(call.error(localFailure("refused", chunkSize.refused)))

    const compiled = call.compile(query)
    let obstacle = lane.refusalOf(compiled) ?? lane.obstacle()
    while (obstacle instanceof Promise) {
      await obstacle
      obstacle = lane.obstacle()
    }
    if (obstacle !== undefined) return yield err(call.error(obstacle))

    call.stage = "sent"
    call.attempts = 1
    chunks = lane.target.stream(compiled, chunkSize.value, call.said)[Symbol.asyncIterator]()
    for (;;) {
      const next = await chunks.next()
      if (next.done === true) return
      const chunk = next.value
      if (!chunk.ok) {
        const error = call.error(chunk.failure)
        lane.failed(chunk.failure, error)
        return yield err(error)
      }
      call.stage = "answered"
      const { rows } = await call.seen({ rows: chunk.value, command: "SELECT", affected: undefined }, compiled)
      // The one place where streamed rows get the type that their query promised.
      yield ok(rows as readonly Row[])
      call.stage = "sent"
    }
  } catch (thrown) {
    yield err(call.threw(thrown))
  } finally {
    await closed(chunks)
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
