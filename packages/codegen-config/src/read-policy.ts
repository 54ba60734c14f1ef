import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { policy } from "@kysely-resilient/core/schema"
import { isPolicy, type CheckedConfig } from "./check-config.ts"
import { CodegenConfigError } from "./errors.ts"
import type { FilePolicy } from "./generated-file.ts"

/** The configuration's policy. A module that exports it is run, as the generated file will run it. */
export async function policyFor({ types, folder }: CheckedConfig): Promise<FilePolicy> {
  if (types === undefined) return { policy: policy(), from: undefined }
  if (isPolicy(types)) return { policy: types, from: undefined }
  const { module, name } = types
  const exported = await exportsOf(module, folder)
  const found = Object.hasOwn(exported, name) ? exported[name] : undefined
  if (isPolicy(found)) return { policy: found, from: types }
  throw new CodegenConfigError([
    `${module} exports no policy that is called ${name}: export const ${name} = policy({ … })`,
  ])
}

async function exportsOf(module: string, folder: string): Promise<Readonly<Record<string, unknown>>> {
  const local = /^\.{1,2}\//.test(module)
  try {
    const exported: Readonly<Record<string, unknown>> = await import(
      local ? pathToFileURL(resolve(folder, module)).href : module
    )
    return { ...exported }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CodegenConfigError([`the policy's module ${module} cannot be loaded: ${reason}`])
  }
}
