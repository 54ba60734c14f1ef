/** A frontend message as the manual describes it (PostgreSQL manual, 54.7); only those that this client sends. */
export type FrontendMessage =
  | { readonly type: "query"; readonly sql: string }
  | { readonly type: "parse"; readonly statement: string; readonly sql: string; readonly parameterTypes: number }
  | {
      readonly type: "bind"
      readonly portal: string
      readonly statement: string
      /** One per value: 0 text, 1 binary. */
      readonly formats: readonly number[]
      readonly values: readonly (Buffer | null)[]
      readonly resultFormats: number
    }
  | { readonly type: "describe"; readonly what: string; readonly name: string }
  | { readonly type: "execute"; readonly portal: string; readonly rowsMax: number }
  | { readonly type: "close"; readonly what: string; readonly name: string }
  | { readonly type: "sync" }
  | { readonly type: "terminate" }

/** Reads what was written, by nothing but the manual. Throws for anything that a server would not understand. */
export function readFrontendMessages(bytes: Buffer): FrontendMessage[] {
  const messages: FrontendMessage[] = []
  for (let at = 0; at < bytes.length;) {
    const type = String.fromCharCode(bytes.readUInt8(at))
    const end = at + 1 + bytes.readInt32BE(at + 1)
    if (end > bytes.length) throw new Error(`message ${type} says it ends at ${end}, but only ${bytes.length} came`)
    const reader = new Reader(bytes.subarray(at + 5, end))
    messages.push(readOne(type, reader))
    if (!reader.done) throw new Error(`message ${type} is longer than what is in it`)
    at = end
  }
  return messages
}

function readOne(type: string, reader: Reader): FrontendMessage {
  switch (type) {
    case "Q":
      return { type: "query", sql: reader.cstring() }
    case "P": {
      const [statement, sql, parameterTypes] = [reader.cstring(), reader.cstring(), reader.int16()]
      if (parameterTypes !== 0) throw new Error("parameter types are not read here")
      return { type: "parse", statement, sql, parameterTypes }
    }
    case "B": {
      const [portal, statement] = [reader.cstring(), reader.cstring()]
      const formats = Array.from({ length: reader.int16() }, () => reader.int16())
      const values = Array.from({ length: reader.int16() }, () => reader.value())
      return { type: "bind", portal, statement, formats, values, resultFormats: reader.int16() }
    }
    case "D":
      return { type: "describe", what: reader.char(), name: reader.cstring() }
    case "E":
      return { type: "execute", portal: reader.cstring(), rowsMax: reader.int32() }
    case "C":
      return { type: "close", what: reader.char(), name: reader.cstring() }
    case "S":
      return { type: "sync" }
    case "X":
      return { type: "terminate" }
    default:
      throw new Error(`there is no message ${JSON.stringify(type)}`)
  }
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  char(): string {
    this.#at += 1
    return String.fromCharCode(this.#bytes.readUInt8(this.#at - 1))
  }

  int16(): number {
    this.#at += 2
    return this.#bytes.readUInt16BE(this.#at - 2)
  }

  int32(): number {
    this.#at += 4
    return this.#bytes.readInt32BE(this.#at - 4)
  }

  cstring(): string {
    const end = this.#bytes.indexOf(0, this.#at)
    if (end < 0) throw new Error("a string has no end")
    const text = this.#bytes.toString("utf8", this.#at, end)
    this.#at = end + 1
    return text
  }

  value(): Buffer | null {
    const length = this.int32()
    if (length === -1) return null
    if (length < 0 || this.#at + length > this.#bytes.length) throw new Error(`a value of ${length} bytes`)
    this.#at += length
    return Buffer.from(this.#bytes.subarray(this.#at - length, this.#at))
  }
}
