// The subpath `@kysely-resilient/testing/vitest`.
import { afterAll, afterEach, beforeAll } from "vitest"

import { refuseDropped } from "./core/dropped.ts"
import type { Isolated, IsolatedAndOpen, IsolatedOptions, Opened, OpenedOptions } from "./databases/isolated-with.ts"

export type { Isolated, IsolatedOptions, OpenedOptions } from "./databases/isolated-with.ts"

/**
 * A database for one test file, or for one `describe`: made before its first test, dropped after its last. Its properties can be read from
 * `beforeAll` on.
 *
 * ```ts
 * const here = isolated({ name: import.meta.url, template: "shop-1", setup, open: (url) => createDatabase({ schema, connection: url }) })
 * it("…", async () => { expectOk(await here.db.exec(…)) })
 * ```
 */
export function isolated<T extends Opened>(options: OpenedOptions<T>): Isolated<T>
export function isolated(options?: IsolatedOptions): Isolated<undefined>
export function isolated(options: IsolatedOptions & Partial<OpenedOptions<Opened>> = {}): Isolated<Opened | undefined> {
  let made: IsolatedAndOpen<Opened | undefined> | undefined
  beforeAll(async () => {
    made = await makeIsolated(options)
  }, HOOK_MS)
  afterAll(async () => {
    await made?.end()
  }, HOOK_MS)
  const there = (): IsolatedAndOpen<Opened | undefined> => {
    if (made === undefined) throw new Error("The database is made in beforeAll: use it in hooks and tests")
    return made
  }
  return {
    get url() {
      return there().url
    },
    get name() {
      return there().name
    },
    get db() {
      return there().db
    },
  }
}

/** Only now is a server's code read: a set-up file, which every test file reads, may want nothing else than `failOnDroppedErrors`. */
async function makeIsolated(
  options: IsolatedOptions & Partial<OpenedOptions<Opened>>,
): Promise<IsolatedAndOpen<Opened | undefined>> {
  const { isolatedWith, nothing } = await import("./databases/isolated-with.ts")
  return isolatedWith(options, options.open ?? nothing)
}

/** How vitest wants a fixture. */
type Fixture<T> = (context: object, use: (value: T) => Promise<void>) => Promise<void>

/**
 * The same for one test, as a fixture: `const test = base.extend({ here: isolatedFixture({ … }) })`. A test that does not ask for it gets
 * none.
 */
export function isolatedFixture<T extends Opened>(options: OpenedOptions<T>): Fixture<Isolated<T>>
export function isolatedFixture(options?: IsolatedOptions): Fixture<Isolated<undefined>>
export function isolatedFixture(
  options: IsolatedOptions & Partial<OpenedOptions<Opened>> = {},
): Fixture<Isolated<Opened | undefined>> {
  // vitest reads from the source what a fixture needs: nothing.
  // oxlint-disable-next-line no-empty-pattern
  return async ({}, use) => {
    const made = await makeIsolated(options)
    try {
      await use(made)
    } finally {
      await made.end()
    }
  }
}

/**
 * A test that leaves an Err behind which nobody has looked at fails, and says where it came from. Call it in a set-up file
 * (`test.setupFiles`). It needs `NODE_ENV=test`, which vitest sets.
 */
export function failOnDroppedErrors(): void {
  afterEach(refuseDropped)
  // What came after the last test, and from the hooks.
  afterAll(refuseDropped)
}

/** A server may have to be started first. */
const HOOK_MS = 60_000
