import { describeStatement, type Settled, type StreamChunk } from "@kysely-resilient/driver"
import type { CompiledQuery } from "kysely"

/** Whatever became of it, it cannot have written: its tree proves so, or the server ran it in a read-only transaction. */
export function onlyReads(statements: readonly CompiledQuery[], settled: Settled<unknown>): boolean {
  if (settled.ok && settled.access === "read") return true
  return statements.every((statement) => describeStatement(statement).reads === "proved")
}

/** A stream, of which `see` is told once for each of its chunks, its last failure included. */
export async function* seenStream(
  chunks: AsyncIterable<StreamChunk>,
  see: (settled: StreamChunk) => void,
): AsyncGenerator<StreamChunk, void, undefined> {
  for await (const chunk of chunks) {
    see(chunk)
    yield chunk
  }
}
