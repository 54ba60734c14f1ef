/** A text that is no value of what its type stands for in TypeScript. Its message never quotes the text. */
export class Undecodable extends Error {
  override readonly name = "Undecodable"
}
