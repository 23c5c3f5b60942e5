import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'

/** The client's side of SCRAM-SHA-256, written from RFC 5802 alone. */
export interface ScramClient {
  readonly first: Buffer
  /** The client-final message that answers `serverFirst`; `alter` may spoil it before the proof is made over it. */
  final(serverFirst: Uint8Array, alter?: (withoutProof: string) => string): Buffer
  /** Whether the server-final message shows that the server knows the user too. */
  trusts(serverFinal: Uint8Array): boolean
}

export function scramClient(user: string, password: string, nonce: string, gs2Header = 'n,,'): ScramClient {
  const firstBare = `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`
  let expected = ''
  return {
    first: Buffer.from(gs2Header + firstBare),
    final(serverFirst, alter = (text) => text) {
      const { r = '', s = '', i = '' } = attributesOf(serverFirst)
      if (!r.startsWith(nonce) || r === nonce) throw new Error('the server did not add to the nonce')
      const salted = pbkdf2Sync(password.normalize('NFKC'), Buffer.from(s, 'base64'), Number(i), 32, 'sha256')
      const withoutProof = alter(`c=${Buffer.from(gs2Header).toString('base64')},r=${r}`)
      const authMessage = `${firstBare},${Buffer.from(serverFirst).toString()},${withoutProof}`
      const clientKey = hmac(salted, 'Client Key')
      const signature = hmac(createHash('sha256').update(clientKey).digest(), authMessage)
      const proof = Buffer.alloc(32)
      for (let at = 0; at < 32; at++) proof.writeUInt8(clientKey.readUInt8(at) ^ signature.readUInt8(at), at)
      expected = hmac(hmac(salted, 'Server Key'), authMessage).toString('base64')
      return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`)
    },
    trusts: (serverFinal) => expected !== '' && attributesOf(serverFinal)['v'] === expected,
  }
}

export function attributesOf(message: Uint8Array): Record<string, string> {
  const parts = Buffer.from(message).toString().split(',')
  return Object.fromEntries(parts.map((part) => [part.slice(0, 1), part.slice(2)]))
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
