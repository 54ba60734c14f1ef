import * as fc from "fast-check"

/** Any text that a JavaScript string can hold: lone surrogates and NULs among it. Quicker than fast-check's own in vitest. */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  const unit = fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0xff_ff }), fc.integer({ min: 0xd8_00, max: 0xdf_ff }))
  const text = fc.array(unit, { maxLength }).map((units) => String.fromCharCode(...units))
  return fc.oneof(fc.string({ maxLength }), text)
}
