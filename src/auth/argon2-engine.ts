import * as nodeCrypto from 'node:crypto'
import { createRequire } from 'node:module'

/** Who computes argon2id: the package at this path, or, where there is none, node:crypto. */
export interface Argon2Engine {
  readonly packagePath: string | undefined
}

/** What `@node-rs/argon2` is asked for. */
export interface Argon2Options {
  readonly algorithm: number
  readonly version: number
  readonly memoryCost: number
  readonly timeCost: number
  readonly parallelism: number
  readonly outputLen: number
  readonly salt: Uint8Array
}

export interface Argon2Package {
  hashRaw(password: Uint8Array, options: Argon2Options): Promise<Uint8Array>
}

/** Their numbers for argon2id and for version 19 of it. */
export const argon2Numbers = { algorithm: 2, version: 1 } as const

/** node:crypto has argon2id from Node 24.7 on; before that an optional package has. Undefined where neither is there. */
export function findArgon2(
  packageName: string = '@node-rs/argon2',
  node: object = nodeCrypto,
): Argon2Engine | undefined {
  if ('argon2' in node) return { packagePath: undefined }
  try {
    const packagePath = load.resolve(packageName)
    load(packagePath) // it may be there without the part for this machine
    return { packagePath }
  } catch {
    return undefined
  }
}

export function argon2Package(packagePath: string): Argon2Package {
  return load(packagePath) as Argon2Package
}

const load = createRequire(import.meta.url)
