import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type ColumnType,
  type Generated,
  type KyselyPlugin,
} from "kysely"

export interface Shop {
  users: {
    id: Generated<number>
    name: string
    email: string
    age: number | null
    profile: ColumnType<{ city: string; tags: string[] }, string, string>
  }
  posts: { id: Generated<number>; author_id: number; title: string; published: boolean; created_at: Date }
}

/** A Kysely that compiles for PostgreSQL and is connected to nothing. */
export function coldKysely<DB = Shop>(...plugins: readonly KyselyPlugin[]): Kysely<DB> {
  return new Kysely<DB>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    plugins: [...plugins],
  })
}
