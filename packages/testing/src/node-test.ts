// The subpath `@kysely-resilient/testing/node-test`.
import { after, afterEach } from "node:test"

import { refuseDropped } from "./core/dropped.ts"
import {
  isolatedWith,
  nothing,
  type Isolated,
  type IsolatedOptions,
  type Opened,
  type OpenedOptions,
} from "./databases/isolated-with.ts"

export type { Isolated, IsolatedOptions, OpenedOptions } from "./databases/isolated-with.ts"

/** What ends a test or a suite: its context `t`, or the functions of `node:test` for a whole file. */
export interface Ending {
  after(run: () => Promise<void>): void
}

/**
 * A database for one test, dropped at its end; for all tests of a file, `await isolated({ after }, …)` at its top.
 *
 * ```ts
 * test("…", async (t) => {
 *   const { db } = await isolated(t, { template: "shop-1", setup, open: (url) => createDatabase({ schema, connection: url }) })
 * })
 * ```
 */
export function isolated<T extends Opened>(ending: Ending, options: OpenedOptions<T>): Promise<Isolated<T>>
export function isolated(ending: Ending, options?: IsolatedOptions): Promise<Isolated<undefined>>
export async function isolated(
  ending: Ending,
  options: IsolatedOptions & Partial<OpenedOptions<Opened>> = {},
): Promise<Isolated<Opened | undefined>> {
  const made = await isolatedWith(options, options.open ?? nothing)
  ending.after(() => made.end())
  return made
}

/**
 * A test that leaves an Err behind which nobody has looked at fails, and says where it came from. Call it in a file that is loaded before the
 * tests (`node --import ./test/setup.ts --test`), or at the top of a test file. It needs `NODE_ENV=test`.
 */
export function failOnDroppedErrors(): void {
  afterEach(refuseDropped)
  // What came after the last test.
  after(refuseDropped)
}
