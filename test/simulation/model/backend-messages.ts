/** What a server says, as bytes (PostgreSQL manual, 54.7). */

export interface Column {
  readonly name: string
  readonly type: number
}

export const TEXT = 25
export const INT4 = 23

/** An error or a notice in the words of PostgreSQL. */
export interface Words {
  readonly severity: "ERROR" | "FATAL" | "PANIC" | "WARNING" | "NOTICE"
  readonly code: string
  readonly message: string
  readonly routine: string
}

function message(type: string, body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(5 + body.length)
  bytes.write(type, 0, "latin1")
  bytes.writeInt32BE(4 + body.length, 1)
  body.copy(bytes, 5)
  return bytes
}

function short(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2)
  bytes.writeInt16BE(value)
  return bytes
}

function long(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}

const NOTHING = Buffer.alloc(0)
export const PARSE_COMPLETE: Buffer = message("1", NOTHING)
export const BIND_COMPLETE: Buffer = message("2", NOTHING)
export const CLOSE_COMPLETE: Buffer = message("3", NOTHING)
export const NO_DATA: Buffer = message("n", NOTHING)
export const EMPTY_QUERY: Buffer = message("I", NOTHING)
export const PORTAL_SUSPENDED: Buffer = message("s", NOTHING)
export const AUTHENTICATION_OK: Buffer = message("R", long(0))
const READY = {
  I: message("Z", Buffer.from("I")),
  T: message("Z", Buffer.from("T")),
  E: message("Z", Buffer.from("E")),
}

export function readyForQuery(status: "I" | "T" | "E"): Buffer {
  return READY[status]
}

export function parameterStatus(name: string, value: string): Buffer {
  return message("S", Buffer.from(`${name}\0${value}\0`))
}

export function backendKeyData(processId: number, secretKey: number): Buffer {
  return message("K", Buffer.concat([long(processId), long(secretKey)]))
}

const tags = new Map<string, Buffer>()

export function commandComplete(tag: string): Buffer {
  let bytes = tags.get(tag)
  if (bytes === undefined) tags.set(tag, (bytes = message("C", Buffer.from(`${tag}\0`))))
  return bytes
}

const descriptions = new Map<string, Buffer>()

export function rowDescription(columns: readonly Column[]): Buffer {
  const key = columns.map(({ name, type }) => `${name}:${type}`).join()
  let bytes = descriptions.get(key)
  if (bytes === undefined) {
    const fields = columns.map(({ name, type }) =>
      Buffer.concat([Buffer.from(`${name}\0`), long(0), short(0), long(type), short(-1), long(-1), short(0)]),
    )
    bytes = message("T", Buffer.concat([short(columns.length), ...fields]))
    descriptions.set(key, bytes)
  }
  return bytes
}

export function dataRow(values: readonly (string | null)[]): Buffer {
  const parts: Buffer[] = [short(values.length)]
  for (const value of values) {
    if (value === null) parts.push(long(-1))
    else {
      const text = Buffer.from(value)
      parts.push(long(text.length), text)
    }
  }
  return message("D", Buffer.concat(parts))
}

export function errorResponse(words: Words): Buffer {
  return message("E", fieldsOf(words))
}

export function noticeResponse(words: Words): Buffer {
  return message("N", fieldsOf(words))
}

function fieldsOf({ severity, code, message: text, routine }: Words): Buffer {
  return Buffer.from(`S${severity}\0V${severity}\0C${code}\0M${text}\0Fsimulated.c\0L1\0R${routine}\0\0`)
}
