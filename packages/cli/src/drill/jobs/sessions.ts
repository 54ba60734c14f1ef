import { err, ok } from "neverthrow"

import type { Job } from "./job.ts"

/** Somebody changes the session: whoever gets its connection next must not notice. */
const changesItsSession: Job = {
  weight: 1,
  run({ store, desk, random }) {
    const mark = `${random()}`
    return desk.read(
      "changes its session",
      (said) =>
        store.withConnection(async (session) => {
          // A session's settings are no data.
          const reads = { ...said, readOnly: true }
          const set = await session.query("select set_config('drill.mark', $1, false)", [mark], reads)
          if (set.isErr()) return err(set.error)
          const locked = await session.query("select pg_advisory_lock_shared(4711)", [], reads)
          if (locked.isErr()) return err(locked.error)
          const seen = await session.query<{ mark: string }>("select current_setting('drill.mark') as mark", [], reads)
          return seen.isErr() ? err(seen.error) : ok(seen.value.rows[0]?.mark)
        }),
      (seen) => (seen === mark ? undefined : `its own session says ${seen} and not ${mark}`),
      { pinned: true },
    )
  },
}

const looksAtItsSession: Job = {
  weight: 2,
  run: ({ store, desk }) =>
    desk.read(
      "looks at its session",
      (said) => store.query<{ mark: string | null }>("select current_setting('drill.mark', true) as mark", [], said),
      ({ rows }) => {
        const mark = rows[0]?.mark
        return mark === null || mark === "" ? undefined : `somebody else's ${mark}`
      },
    ),
}

export const sessions: readonly Job[] = [changesItsSession, looksAtItsSession]
