import type { Generated, GeneratedAlways } from "kysely"

/** What library.sql makes. In an application this file is generated: see the guide to codegen. */
export interface Library {
  authors: { id: GeneratedAlways<number>; name: string }
  books: {
    id: GeneratedAlways<number>
    author_id: number
    title: string
    price: string
    sold: Generated<number>
  }
}
