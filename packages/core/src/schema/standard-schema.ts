/** As much of the Standard Schema (https://standardschema.dev, version 1) as decoding needs. Zod, Valibot and ArkType have it. */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): Validated<Output> | PromiseLike<Validated<Output>>
  }
}

export type Validated<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly PathPart[] | undefined }[] }

export type PathPart = PropertyKey | { readonly key: PropertyKey }
