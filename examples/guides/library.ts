import type { Generated, GeneratedAlways } from "kysely"

/** What library.sql makes, as whoever has no generated schema writes it: https://kysely.dev/docs/getting-started#types */
export interface Library {
  authors: { id: GeneratedAlways<number>; name: string }
  books: {
    id: GeneratedAlways<number>
    author_id: number
    title: string
    price: string
    sold: Generated<number>
  }
  readers: { id: string; name: string; createdAt: Generated<string>; updatedAt: string }
}
