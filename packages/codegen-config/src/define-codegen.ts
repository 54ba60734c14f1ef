import { checkConfig } from "./check-config.ts"
import type { CodegenConfig } from "./config.ts"

/**
 * What a configuration file exports as its default.
 *
 * @throws CodegenConfigError with everything that is wrong, if something is.
 */
export function defineCodegen(config: CodegenConfig): CodegenConfig {
  checkConfig(config, ".", {})
  return Object.freeze({ ...config })
}
