import { section, type Section } from "./section.ts"

/** What pg_stat_statements has counted, of this database; the text of other roles' statements is for privileged eyes. */
export interface StatementFacts {
  /** Slowest in sum first. */
  readonly statements: readonly {
    readonly query: string
    readonly calls: number
    readonly totalMs: number
    readonly meanMs: number
    readonly rows: number
  }[]
}

/** Where the extension is, quoted; and whether the server has loaded what it needs. */
export interface StatementsPlace {
  readonly schema: string | null
  readonly loaded: boolean
}

export const statementsPlaceSection: Section<StatementsPlace> = section(
  "pg_stat_statements",
  `
  select json_build_object(
    'schema', (select quote_ident(n.nspname) from pg_extension e join pg_namespace n on n.oid = e.extnamespace
      where e.extname = 'pg_stat_statements'),
    'loaded', exists (select from pg_settings where name = 'pg_stat_statements.max'))
`,
)

export function statementSection(schema: string): Section<StatementFacts> {
  return section(
    "statements",
    `
    select json_build_object('statements', coalesce((select json_agg(to_json(x)) from (
      select left(query, 200) as query, calls, round(total_exec_time::numeric, 1) as "totalMs", round(mean_exec_time::numeric, 3) as "meanMs", rows
      from ${schema}.pg_stat_statements
      where dbid = (select oid from pg_database where datname = current_database()) and toplevel
      order by total_exec_time desc limit 10) x), '[]'))
  `,
  )
}
