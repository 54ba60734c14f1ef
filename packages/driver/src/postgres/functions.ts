/**
 * Built-in functions that change nothing, neither in the database nor in the session: a query that calls only these may
 * run twice. In PostgreSQL 14 to 18 every overload of each is IMMUTABLE or STABLE in `pg_proc`, but for the last group,
 * and none of the STABLE ones does more than look (`txid_current` is STABLE too and assigns a transaction id: not here).
 */
export const HARMLESS: ReadonlySet<string> = names(`
  syntax that looks like a call
    coalesce nullif greatest least any some all array row exists grouping

  aggregates
    any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp every
    json_agg json_agg_strict json_object_agg json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict
    jsonb_agg jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique
    jsonb_object_agg_unique_strict max min mode percentile_cont percentile_disc range_agg range_intersect_agg
    regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
    stddev stddev_pop stddev_samp string_agg sum var_pop var_samp variance xmlagg

  windows
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number

  numbers
    abs acos asin atan atan2 cbrt ceil ceiling cos cosh cot degrees div exp factorial floor gcd lcm ln log log10 min_scale
    mod pi pow power radians round scale sign sin sinh sqrt tan tanh trim_scale trunc width_bucket

  text and bytes
    ascii bit_count bit_length btrim char_length character_length chr concat concat_ws convert convert_from convert_to
    decode encode format get_bit get_byte initcap left length lower lpad ltrim md5 normalize octet_length overlay
    parse_ident position quote_ident quote_literal quote_nullable regexp_count regexp_instr regexp_like regexp_match
    regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr repeat replace reverse right
    rpad rtrim set_bit set_byte sha224 sha256 sha384 sha512 split_part starts_with string_to_array string_to_table strpos
    substr substring to_hex translate unistr upper

  time
    age date_bin date_part date_trunc isfinite justify_days justify_hours justify_interval make_date make_interval
    make_time make_timestamp make_timestamptz now statement_timestamp timezone to_char to_date to_number to_timestamp
    transaction_timestamp

  json
    array_to_json json_array_elements json_array_elements_text json_array_length json_build_array json_build_object
    json_each json_each_text json_extract_path json_extract_path_text json_object json_object_keys json_populate_record
    json_populate_recordset json_strip_nulls json_to_record json_to_recordset json_typeof jsonb_array_elements
    jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text
    jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_keys jsonb_path_exists
    jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz jsonb_path_query jsonb_path_query_array
    jsonb_path_query_array_tz jsonb_path_query_first jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record
    jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_record jsonb_to_recordset
    jsonb_typeof row_to_json to_json to_jsonb

  arrays, sets of rows and ranges
    array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position array_positions
    array_prepend array_remove array_replace array_to_string array_upper cardinality generate_series generate_subscripts
    isempty lower_inc lower_inf num_nonnulls num_nulls range_merge trim_array unnest upper_inc upper_inf
    daterange int4range int8range numrange tsrange tstzrange

  searching, addresses, enums, geometry
    abbrev array_to_tsvector broadcast family host hostmask masklen netmask network
    numnode phraseto_tsquery plainto_tsquery querytree setweight strip to_tsquery to_tsvector ts_headline ts_rank
    ts_rank_cd tsvector_to_array websearch_to_tsquery enum_first enum_last enum_range
    area center diameter height radius width

  asking the catalogue and the session
    col_description current_database current_schema current_schemas current_setting format_type has_column_privilege
    has_schema_privilege has_table_privilege obj_description pg_backend_pid pg_column_size pg_get_constraintdef
    pg_get_expr pg_get_indexdef pg_get_serial_sequence pg_get_userbyid pg_get_viewdef pg_postmaster_start_time
    pg_size_pretty pg_table_is_visible pg_typeof shobj_description to_regclass to_regtype version

  VOLATILE only because they answer differently each time
    clock_timestamp gen_random_uuid pg_database_size pg_indexes_size pg_is_in_recovery pg_relation_size pg_table_size
    pg_total_relation_size random timeofday uuidv4 uuidv7
`)

/**
 * Built-in functions, and those of common extensions, that do something which a read-only transaction does not prevent:
 * messages, session locks and settings, other people's backends, replication slots, large objects (before 16), what
 * `dblink` does elsewhere. What the server does prevent need not be here; `nextval` and `setval` are, because asking it
 * would cost a round trip that is known to be in vain.
 */
const BEYOND_READ_ONLY = new RegExp(
  `^(?:${[
    "set_config|setseed|nextval|setval|lowrite|lo_\\w+|dblink\\w*",
    "pg_(?:try_)?advisory_\\w+",
    "pg_(?:notify|cancel_backend|terminate_backend|reload_conf|rotate_logfile\\w*|promote|switch_wal|nextoid)",
    "pg_(?:backup_|wal_replay_|create_|drop_|copy_|replication_|restore_|clear_|sync_|import_)\\w+",
    "pg_logical_emit_message|pg_logical_slot_get_\\w+|pg_log_\\w+|pg_stat(?:_statements)?_reset\\w*",
    "pg_extension_config_dump|brin_(?:de)?summarize_\\w+|gin_clean_pending_list|pg_file_\\w+|pg_prewarm",
  ].join("|")})$`,
)

const CATALOGUE = "pg_catalog."

/**
 * May a query that calls it run twice? `name` as it stands in SQL, unquoted; only `pg_catalog` is trusted as a schema.
 */
export function isHarmless(name: string): boolean {
  if (HARMLESS.has(name)) return true
  const folded = name.toLowerCase()
  return HARMLESS.has(folded.startsWith(CATALOGUE) ? folded.slice(CATALOGUE.length) : folded)
}

/** Does it do something that a read-only transaction lets happen? `name` without its schema. */
export function reachesBeyondReadOnly(name: string): boolean {
  return BEYOND_READ_ONLY.test(name.toLowerCase())
}

/** The words of the indented lines; the others are headings. */
function names(list: string): ReadonlySet<string> {
  const lines = list.split("\n").filter((line) => line.startsWith("    "))
  return new Set(lines.flatMap((line) => line.trim().split(/\s+/)))
}
