import { typeWith, type CatalogRow } from "./catalogue.ts"

/** One value of every base type that takes any, as text. */
export const LITERALS: Readonly<Record<string, string>> = {
  bool: "true",
  bytea: "\\xc0ffee",
  char: "c",
  name: "name",
  int8: "-9007199254740991",
  int2: "-1",
  int2vector: "1 2",
  int4: "42",
  regproc: "now",
  text: 'a "b" \\ {c},(d) NULL',
  oid: "4294967295",
  tid: "(1,2)",
  xid: "4294967295",
  cid: "1",
  oidvector: "1 2",
  json: '{"a": [1, null, "x"]}',
  xml: "<a/>",
  point: "(1,-2.5)",
  lseg: "[(1,2),(3,4)]",
  path: "((1,2),(3,4))",
  box: "(3,4),(1,2)",
  polygon: "((1,2),(3,4),(5,6))",
  line: "{1,2,3}",
  cidr: "10.0.0.0/8",
  float4: "1.5",
  float8: "-Infinity",
  circle: "<(1,2),3>",
  macaddr8: "08:00:2b:01:02:03:04:05",
  money: "1.50",
  macaddr: "08:00:2b:01:02:03",
  inet: "10.0.0.1/24",
  aclitem: "pg_monitor=r/pg_monitor",
  bpchar: "text  ",
  varchar: "",
  date: "2020-02-29",
  time: "12:34:56.789",
  timestamp: "2020-02-29 12:34:56.789",
  timestamptz: "2020-02-29 12:34:56.789123+00",
  interval: "1 year -2 mons 3 days -04:05:06.789",
  timetz: "12:34:56+02",
  bit: "1",
  varbit: "101",
  numeric: "12345678901234567890.1230",
  refcursor: "cursor",
  regprocedure: "pg_catalog.now()",
  regoper: "pg_catalog.||/",
  regoperator: "pg_catalog.+(integer,integer)",
  regclass: "pg_class",
  regtype: "integer",
  uuid: "7b0b6a9e-5a0f-4c55-8e0e-6b8b2b1f2f10",
  txid_snapshot: "1:2:",
  pg_lsn: "0/1",
  tsvector: "'a' 'fat' 'cat'",
  tsquery: "'fat' & 'cat'",
  regconfig: "english",
  regdictionary: "simple",
  jsonb: '[1, "a", null, 1.5]',
  jsonpath: '$."a"',
  regnamespace: "public",
  regrole: "pg_monitor",
  regcollation: '"C"',
  pg_snapshot: "1:2:",
  xid8: "18446744073709551615",
  "information_schema.yes_or_no": "YES",
  "public.citext": "Text",
  "public.hstore": '"a"=>"1", "b"=>NULL',
  "public.ltree": "a.b",
  "public.lquery": "a.*",
  "public.ltxtquery": "a & b",
  "public.cube": "(1, 2),(3, 4)",
  "public.odd": "a,b|c",
  "public.odd_fixed": "7",
}

/** PostgreSQL makes values of these, and takes none from anybody. */
export const MADE_BY_THE_SERVER: readonly string[] = [
  "gtsvector",
  "pg_brin_bloom_summary",
  "pg_brin_minmax_multi_summary",
  "pg_dependencies",
  "pg_mcv_list",
  "pg_ndistinct",
  "pg_node_tree",
  "public.ghstore",
  "public.ltree_gist",
]

/** SQL for one value of a type, made of values of what it is made of; undefined if there is none to be had. */
export function sampleOf(oid: number, types: ReadonlyMap<number, CatalogRow>): string | undefined {
  const type = typeWith(oid, types)
  const { kind, sql } = type
  const of = (part: number | null): string | undefined => sampleOf(part ?? 0, types)
  if (type.element !== null) {
    const element = of(type.element)
    return element && `array[${element}]::${sql}`
  }
  const literal = Object.hasOwn(LITERALS, type.name) ? LITERALS[type.name] : undefined
  if (literal !== undefined) return `'${literal.replaceAll("'", "''")}'::${sql}`
  switch (kind) {
    case "b":
      return undefined
    case "e":
      return `(enum_range(null::${sql}))[1]`
    case "d":
      return `(${of(type.base)})::${sql}`
    case "r":
      return `${sql}(${of(type.subtype)}, ${of(type.subtype)}, '[]')`
    case "m":
      return `${sql}(${of(type.range)})`
    case "c":
      return `row(${(type.attributes ?? []).map(([, attribute]) => of(attribute)).join(", ")})::${sql}`
  }
}
