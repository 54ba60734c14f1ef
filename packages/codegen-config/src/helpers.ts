/**
 * What the file declares itself to put types together. `named` gives the name that something has in this file, and notes
 * that it is needed.
 */
export function helperText(helper: string, name: string, named: (library: string) => string): readonly string[] {
  switch (helper) {
    case "Generated": {
      const columnType = named("ColumnType")
      return [
        `/** The database gives a value if the insert does not. */
export type ${name}<T> = T extends ${columnType}<infer S, infer I, infer U>
  ? ${columnType}<S, I | undefined, U>
  : ${columnType}<T, T | undefined, T>;`,
      ]
    }
    case "JsonOf":
      return [
        `/** What is sent as JSON of this type. Arrays and texts would go out as something else: for them there is json(value). */
export type ${name}<T> = ${named("JsonValue")}<T> | (T extends string | null | readonly unknown[] ? never : T);`,
      ]
    case "Decoded":
      return [
        `/** What a validator gives. */
export type ${name}<V> = V extends ${named("StandardSchema")}<infer Output> ? Output : never;`,
      ]
    case "Encoded":
      return [
        `/** What a validator takes; what it gives, if it does not say what it takes. */
export type ${name}<V> = V extends { readonly "~standard": { readonly types?: { readonly input: infer Input } | undefined } }
  ? unknown extends Input ? ${named("Decoded")}<V> : Input
  : ${named("Decoded")}<V>;`,
      ]
    default:
      return []
  }
}
