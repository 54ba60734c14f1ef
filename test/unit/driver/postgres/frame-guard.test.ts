import { FrameGuard } from "@kysely-resilient/driver/src/postgres/frame-guard.ts"
import fc from "fast-check"
import { describe, expect, it } from "vitest"

function frame(type: string, payload: Uint8Array, length = payload.length + 4): Buffer {
  const header = Buffer.alloc(5)
  header.write(type, "latin1")
  header.writeUInt32BE(length, 1)
  return Buffer.concat([header, payload])
}

const bytes = fc.uint8Array({ maxLength: 12 })
const report = fc
  .tuple(fc.constantFrom("E", "N"), fc.array(fc.stringMatching(/^[A-Z][a-z]{0,5}$/), { minLength: 1, maxLength: 4 }))
  .map(([type, fields]) => frame(type, Buffer.from(`${fields.map((field) => `${field}\0`).join("")}\0`)))
const sound = fc.oneof(
  report,
  fc.tuple(fc.constantFrom(..."ACDGHKRSTVWdtv"), bytes).map(([type, payload]) => frame(type, payload)),
  fc.constantFrom(..."123Icns").map((type) => frame(type, Buffer.alloc(0))),
  fc.constantFrom(..."ITE").map((status) => frame("Z", Buffer.from(status))),
)

/** What no server sends, found out by its header or only by its end. */
const broken = fc.oneof(
  fc.constantFrom(..."BFOPQ\0\xffxyz").map((type) => frame(type, Buffer.alloc(3))),
  fc
    .tuple(fc.constantFrom(..."DCST"), fc.constantFrom(0, 1, 3, 0x4000_0000, 0xffff_ffff))
    .map(([type, length]) => frame(type, Buffer.alloc(3), length)),
  fc.constantFrom(frame("Z", Buffer.alloc(0)), frame("Z", Buffer.from("II")), frame("1", Buffer.alloc(1))),
  fc
    .tuple(fc.constantFrom("E", "N"), fc.constantFrom("", "\0", "C40001", "C40001\0", "C40001\0x", "C\0M"))
    .map(([type, payload]) => frame(type, Buffer.from(payload))),
)

/** The stream cut into chunks of these sizes, over and over. */
function chunksOf(stream: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, n = 0; at < stream.length; n += 1) {
    const size = sizes[n % sizes.length] ?? 1
    chunks.push(stream.subarray(at, at + size))
    at += size
  }
  return chunks
}

/** How many bytes a parser would get before the guard stops it; undefined if it never does. */
function stoppedAt(stream: Buffer, sizes: readonly number[]): number | undefined {
  const guard = new FrameGuard()
  let passed = 0
  for (const chunk of chunksOf(stream, sizes)) {
    const good = guard.inspect(chunk)
    passed += good
    if (good < chunk.length) return passed
  }
  return undefined
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 })

describe("the guard of frames", () => {
  it("lets every sound stream pass, however the network cuts it", () => {
    fc.assert(
      fc.property(fc.array(sound, { size: "max", maxLength: 20 }), sizes, (frames, cuts) => {
        expect(stoppedAt(Buffer.concat(frames), cuts)).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })

  it("stops at a broken frame, having passed all before it, and never the whole of it", () => {
    fc.assert(
      fc.property(
        fc.array(sound, { maxLength: 6 }),
        broken,
        fc.array(sound, { maxLength: 6 }),
        sizes,
        (before, bad, after, cuts) => {
          const start = Buffer.concat(before).length
          const at = stoppedAt(Buffer.concat([...before, bad, ...after]), cuts)
          expect(at).toBeGreaterThanOrEqual(Math.max(0, start - 40))
          expect(at).toBeLessThan(start + bad.length)
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it("passes all that is sound in the chunk that holds the broken one", () => {
    fc.assert(
      fc.property(fc.array(sound, { maxLength: 6 }), broken, (before, bad) => {
        const stream = Buffer.concat([...before, bad])
        expect(stoppedAt(stream, [stream.length])).toBe(Buffer.concat(before).length)
      }),
    )
  })
})
