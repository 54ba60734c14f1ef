/**
 * Frontend messages of the v3 protocol (PostgreSQL manual, 54.7), written one after the other into one buffer that
 * grows, so that a whole Sync group is one write to the socket.
 */
export class FrontendBuffer {
  #bytes: Buffer
  #length = 0

  constructor(initialBytes = 1024) {
    this.#bytes = Buffer.allocUnsafe(initialBytes)
  }

  query(sql: string): this {
    const start = this.#begin(0x51 /* Q */)
    this.#cstring(sql)
    return this.#end(start)
  }

  /** Parameter types are left to the server. */
  parse(sql: string, name = ""): this {
    const start = this.#begin(0x50 /* P */)
    this.#cstring(name)
    this.#cstring(sql)
    this.#int16(0)
    return this.#end(start)
  }

  /** Text parameters as text, byte parameters as binary; results as text. */
  bind(portal: string, values: readonly (string | Buffer | null)[], statement = ""): this {
    const start = this.#begin(0x42 /* B */)
    this.#cstring(portal)
    this.#cstring(statement)
    this.#int16(values.length)
    for (const value of values) this.#int16(Buffer.isBuffer(value) ? 1 : 0)
    this.#int16(values.length)
    for (const value of values) this.#value(value)
    this.#int16(0)
    return this.#end(start)
  }

  describePortal(portal: string): this {
    const start = this.#begin(0x44 /* D */)
    this.#byte(0x50 /* P */)
    this.#cstring(portal)
    return this.#end(start)
  }

  /** @param rowsMax 0 for all of them */
  execute(portal: string, rowsMax: number): this {
    const start = this.#begin(0x45 /* E */)
    this.#cstring(portal)
    this.#int32(rowsMax)
    return this.#end(start)
  }

  closePortal(portal: string): this {
    const start = this.#begin(0x43 /* C */)
    this.#byte(0x50 /* P */)
    this.#cstring(portal)
    return this.#end(start)
  }

  closeStatement(name: string): this {
    const start = this.#begin(0x43 /* C */)
    this.#byte(0x53 /* S */)
    this.#cstring(name)
    return this.#end(start)
  }

  sync(): this {
    return this.#end(this.#begin(0x53 /* S */))
  }

  /** The messages so far, ready for the socket. The buffer must not be written to any more. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #begin(type: number): number {
    this.#reserve(5)
    this.#bytes[this.#length] = type
    this.#length += 5
    return this.#length - 4
  }

  #end(lengthAt: number): this {
    this.#bytes.writeInt32BE(this.#length - lengthAt, lengthAt)
    return this
  }

  #value(value: string | Buffer | null): void {
    if (value === null) return this.#int32(-1)
    if (Buffer.isBuffer(value)) {
      this.#int32(value.length)
      this.#reserve(value.length)
      value.copy(this.#bytes, this.#length)
      this.#length += value.length
      return
    }
    this.#reserve(4 + value.length * 3)
    const written = this.#bytes.write(value, this.#length + 4, "utf8")
    this.#bytes.writeInt32BE(written, this.#length)
    this.#length += 4 + written
  }

  #cstring(text: string): void {
    this.#reserve(text.length * 3 + 1)
    this.#length += this.#bytes.write(text, this.#length, "utf8")
    this.#bytes[this.#length] = 0
    this.#length += 1
  }

  #byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length] = value
    this.#length += 1
  }

  #int16(value: number): void {
    this.#reserve(2)
    this.#bytes.writeUInt16BE(value, this.#length)
    this.#length += 2
  }

  #int32(value: number): void {
    this.#reserve(4)
    this.#bytes.writeInt32BE(value, this.#length)
    this.#length += 4
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
