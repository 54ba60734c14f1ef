/**
 * What PostgreSQL's manual calls the conditions that several of which share one of our kinds, so that a message says which it is
 * without the server's own words, which may quote a value. Appendix A has them all; the names of classes are not among them, since
 * they say no more than the kind does.
 */
const NAMES = `
0A000 feature not supported
21000 cardinality violation
2202E array subscript error
22021 character not in repertoire
22008 datetime field overflow
22012 division by zero
22005 error in assignment
2200B escape character conflict
22015 interval field overflow
2201E invalid argument for logarithm
22014 invalid argument for ntile function
22016 invalid argument for nth value function
2201F invalid argument for power function
2201G invalid argument for width bucket function
22018 invalid character value for cast
22007 invalid datetime format
22019 invalid escape character
2200D invalid escape octet
22025 invalid escape sequence
22023 invalid parameter value
22013 invalid preceding or following size
2201B invalid regular expression
2201W invalid row count in limit clause
2201X invalid row count in result offset clause
2202H invalid tablesample argument
2202G invalid tablesample repeat
22009 invalid time zone displacement value
2200G most specific type mismatch
22004 null value not allowed
22003 numeric value out of range
2200H sequence generator limit exceeded
22026 string data length mismatch
22001 string data right truncation
22011 substring error
22027 trim error
22024 unterminated c string
2200F zero length character string
22P01 floating point exception
22P02 invalid text representation
22P03 invalid binary representation
22P04 bad copy file format
22P05 untranslatable character
2200L not an xml document
2200M invalid xml document
2200N invalid xml content
2200S invalid xml comment
2200T invalid xml processing instruction
22030 duplicate json object key value
22032 invalid json text
22033 invalid sql json subscript
22034 more than one sql json item
22035 no sql json item
22036 non numeric sql json item
22037 non unique keys in a json object
22038 singleton sql json item required
22039 sql json array not found
2203A sql json member not found
2203B sql json number not found
2203C sql json object not found
2203F sql json scalar required
24000 invalid cursor state
25001 active sql transaction
25P01 no active sql transaction
2BP01 dependent objects still exist
2D000 invalid transaction termination
3F000 invalid schema name
42601 syntax error
42602 invalid name
42611 invalid column definition
42622 name too long
42701 duplicate column
42702 ambiguous column
42703 undefined column
42704 undefined object
42710 duplicate object
42712 duplicate alias
42723 duplicate function
42725 ambiguous function
42803 grouping error
42804 datatype mismatch
42809 wrong object type
42830 invalid foreign key
42846 cannot coerce
42883 undefined function
42939 reserved name
42P01 undefined table
42P02 undefined parameter
42P03 duplicate cursor
42P04 duplicate database
42P06 duplicate schema
42P07 duplicate table
42P08 ambiguous parameter
42P09 ambiguous alias
42P10 invalid column reference
42P13 invalid function definition
42P16 invalid table definition
42P17 invalid object definition
42P18 indeterminate datatype
42P19 invalid recursion
42P20 windowing error
42P21 collation mismatch
42P22 indeterminate collation
53100 disk full
53200 out of memory
53400 configuration limit exceeded
54001 statement too complex
54011 too many columns
54023 too many arguments
55000 object not in prerequisite state
55P02 cant change runtime param
55P04 unsafe new enum value usage
57P04 database dropped
58030 io error
58P01 undefined file
P0002 no data found
P0003 too many rows
P0004 assert failure`

const CONDITIONS: ReadonlyMap<string, string> = new Map(
  NAMES.trim()
    .split("\n")
    .map((line) => [line.slice(0, 5), line.slice(6)]),
)

/** Those that have a name here. */
export const CONDITION_CODES: readonly string[] = [...CONDITIONS.keys()]

/** `division by zero`; undefined where our kind says as much. */
export function conditionOf(sqlState: string | undefined): string | undefined {
  return sqlState === undefined ? undefined : CONDITIONS.get(sqlState)
}
