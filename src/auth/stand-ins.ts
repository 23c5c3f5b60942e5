import { createHmac, randomBytes } from 'node:crypto'
import type { Credential } from './credential.ts'
import { ScramCredential, scramIterations, scramKeyBytes } from './scram-credential.ts'
import { ScryptCredential, scryptCost } from './scrypt-credential.ts'

/**
 * Credentials for names that have none, so that an unknown user looks like one who got the password wrong. A name
 * always gets the same one, drawn from the forms and costs in the file: where they are mixed, neither form nor cost
 * gives away who is unknown. The key outlives a reload, and with it the salts that clients have seen.
 */
export class StandIns {
  readonly #key = randomBytes(32)
  #all: readonly Credential[] = []
  #scram: readonly ScramCredential[] = []

  /** Takes the costs to imitate from `credentials`. */
  imitate(credentials: Iterable<Credential>): void {
    const byCost = new Map<string, Credential>()
    for (const credential of credentials) byCost.set(credential.cost, credential)
    // in an order that is not the file's, so that a reload does not change what a name gets
    const found = [...byCost.keys()].toSorted().map((cost) => byCost.get(cost) as Credential)
    const foundScram = found.filter((credential) => credential instanceof ScramCredential)
    this.#all = found.length > 0 ? found : [defaultScrypt]
    this.#scram = foundScram.length > 0 ? foundScram : [defaultScram]
  }

  forPassword(user: string): Credential {
    return this.#choose(user, this.#all).standIn((purpose, length) => this.#bytes(purpose, user, length))
  }

  forScram(user: string): ScramCredential {
    return this.#choose(user, this.#scram).standIn((purpose, length) => this.#bytes(purpose, user, length))
  }

  #choose<T>(user: string, candidates: readonly T[]): T {
    const draw = this.#bytes('choice', user, 4)
    return candidates[Buffer.from(draw).readUInt32BE() % candidates.length] as T
  }

  /** Each purpose has bytes of its own: a salt that told which cost was drawn would give the name away. */
  #bytes(purpose: string, user: string, length: number): Uint8Array {
    return createHmac('sha512', this.#key).update(`${purpose}:${user}`).digest().subarray(0, length)
  }
}

const blank = (length: number): Uint8Array => new Uint8Array(length)

const defaultScrypt = new ScryptCredential({
  costExponent: scryptCost.default,
  blockSize: 8,
  parallelism: 1,
  salt: blank(16),
  hash: blank(32),
})

const defaultScram = new ScramCredential({
  iterations: scramIterations.default,
  salt: blank(16),
  storedKey: blank(scramKeyBytes),
  serverKey: blank(scramKeyBytes),
})
