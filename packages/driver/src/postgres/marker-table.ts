/** Where transactions leave a row that proves their COMMIT, with `resolution: "marker"`. */
export const MARKER_TABLE = "kysely_resilient.commit_marker"

/**
 * Its migration. A row is written by its transaction itself (`committed`), or by whoever wants to know what became of that
 * (`fenced`: it is not committed, and now it cannot be, for the key is taken). `affected`: of a statement whose answer may be lost with
 * the connection. Roles that use the database need USAGE on the schema, and SELECT, INSERT and DELETE on the table.
 */
export const MARKER_MIGRATION: { readonly up: readonly string[]; readonly down: readonly string[] } = Object.freeze({
  up: [
    "create schema if not exists kysely_resilient",
    `create table if not exists ${MARKER_TABLE} (
  id uuid primary key,
  state text not null default 'committed' check (state in ('committed', 'fenced')),
  affected bigint,
  at timestamptz not null default now()
)`,
  ],
  down: [`drop table if exists ${MARKER_TABLE}`, "drop schema if exists kysely_resilient"],
})
