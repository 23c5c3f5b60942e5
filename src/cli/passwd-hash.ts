import { Argon2Credential } from '../auth/argon2-credential.ts'
import type { Credential } from '../auth/credential.ts'
import { Pbkdf2Credential, pbkdf2Iterations } from '../auth/pbkdf2-credential.ts'
import { ScramCredential, scramIterations } from '../auth/scram-credential.ts'
import { ScryptCredential, scryptCost } from '../auth/scrypt-credential.ts'
import { Sha512Credential } from '../auth/sha512-credential.ts'
import { OperatorError, UsageError } from './cli-error.ts'
import type { FlagTable, FlagValues } from './flags.ts'

/** Which hash `topiary passwd` writes. */
export const hashFlags = {
  hash: {
    kind: 'choice',
    value: 'HASH',
    short: 'H',
    choices: ['scrypt', 'sha512-pbkdf2', 'sha512', 'argon2id'],
    help: 'default scrypt; after FILE alone sha512-pbkdf2, which every Mosquitto reads; argon2id needs Mosquitto 2.1',
  },
  cost: {
    kind: 'integer',
    value: 'LN',
    min: scryptCost.min,
    max: scryptCost.max,
    help: `scrypt: work doubles with each (default ${scryptCost.default})`,
  },
  scram: { kind: 'switch', help: 'keep keys for SCRAM-SHA-256; plain logins work with them too' },
  iterations: {
    kind: 'integer',
    value: 'N',
    short: 'I',
    min: pbkdf2Iterations.min,
    max: pbkdf2Iterations.max,
    help: `of SCRAM (default ${scramIterations.default}) or sha512-pbkdf2 (default ${pbkdf2Iterations.default})`,
  },
} as const satisfies FlagTable

type HashValues = FlagValues<typeof hashFlags>
type Hash = NonNullable<HashValues['hash']> | 'scram'

/** Throws UsageError for flags that contradict one another. */
export function chosenHash({ hash, cost, scram, iterations }: HashValues, usual: Hash): Hash {
  if (scram && hash !== undefined) throw new UsageError('--scram and --hash exclude each other')
  const chosen = scram ? 'scram' : (hash ?? usual)
  if (cost !== undefined && chosen !== 'scrypt') {
    throw new UsageError(`--cost is for scrypt; with ${scram ? '--scram' : chosen} use --iterations`)
  }
  if (iterations === undefined) return chosen
  if (chosen !== 'scram' && chosen !== 'sha512-pbkdf2') {
    throw new UsageError('--iterations needs --scram or --hash sha512-pbkdf2')
  }
  const { min, max } = scramIterations
  if (chosen === 'scram' && (iterations < min || iterations > max)) {
    throw new UsageError(`--iterations takes a whole number from ${min} to ${max} with --scram, not "${iterations}"`)
  }
  return chosen
}

export async function credentialOf(
  hash: Hash,
  { cost, iterations }: HashValues,
  password: Uint8Array,
): Promise<Credential> {
  switch (hash) {
    case 'scrypt':
      return ScryptCredential.create(password, cost)
    case 'sha512':
      return Sha512Credential.create(password)
    case 'sha512-pbkdf2':
      return Pbkdf2Credential.create(password, iterations)
    case 'argon2id': {
      const credential = await Argon2Credential.create(password)
      if (typeof credential === 'string') throw new OperatorError(credential)
      return credential
    }
    case 'scram': {
      const credential = await ScramCredential.create(password, iterations)
      if (credential !== undefined) return credential
      throw new OperatorError('a SCRAM password is UTF-8 text without control characters; choose another password')
    }
  }
}
