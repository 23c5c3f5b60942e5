import { describe, expect, it } from 'vitest'
import { ScramCredential } from '../../src/auth/scram-credential.ts'
import { answerClientFinal, answerClientFirst, readClientFirst } from '../../src/auth/scram-sha-256.ts'
import { scramClient } from './scram-client.ts'

/** The exchange of RFC 7677 section 3. */
const vector = {
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  withoutProof: 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  proof: 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
}
const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')

async function vectorCredential(): Promise<ScramCredential> {
  const credential = await ScramCredential.create(Buffer.from('pencil'), 4096, salt)
  if (credential === undefined) throw new Error('the password is allowed')
  return credential
}

function read(message: string): ReturnType<typeof readClientFirst> {
  return readClientFirst(Buffer.from(message))
}

/** The answer to a client-final message within the exchange of RFC 7677. */
async function answerTo(clientFinal: string | Uint8Array): Promise<string | undefined> {
  const credential = await vectorCredential()
  const first = read(vector.clientFirst)
  if (first === undefined) throw new Error('the message is well formed')
  const exchange = answerClientFirst(first, credential, vector.serverNonce)
  expect(exchange.serverFirst).toBe(vector.serverFirst)
  return answerClientFinal(exchange, Buffer.from(clientFinal), credential)
}

/** The answer to a client that knows the password; `alter` changes what it proves. */
async function answerToProof(header: string, alter?: (said: string) => string): Promise<boolean | undefined> {
  const credential = await vectorCredential()
  const client = scramClient('ada', 'pencil', 'abc', header)
  const first = readClientFirst(client.first)
  if (first === undefined) throw new Error('the message is well formed')
  const exchange = answerClientFirst(first, credential)
  const serverFinal = answerClientFinal(exchange, client.final(Buffer.from(exchange.serverFirst), alter), credential)
  return serverFinal === undefined ? undefined : client.trusts(Buffer.from(serverFinal))
}

describe('SCRAM-SHA-256', () => {
  it('speaks the exchange of RFC 7677', async () => {
    expect(await answerTo(`${vector.withoutProof},p=${vector.proof}`)).toBe(vector.serverFinal)
  })

  it.each([
    ['n,,n=ada,r=x', 'ada'],
    ['y,,n=ada,r=x', 'ada'],
    ['n,a=ada,n=ada,r=x', 'ada'],
    ['n,,n=a=2Cb=3Dc,r=x', 'a,b=c'],
    ['n,a=a=2Cb,n=a=2Cb,r=x', 'a,b'],
    ['n,,n=ada,r=x,q=extension', 'ada'],
    ['n,,n=\u2168,r=x', 'IX'],
  ])('reads %j as a message of %j', (message, user) => {
    expect(read(message)?.user).toBe(user)
  })

  it.each([
    ['nothing', ''],
    ['channel binding', 'p=tls-unique,,n=ada,r=x'],
    ['channel binding that it does not name', 'p,,n=ada,r=x'],
    ['another flag', 'x,,n=ada,r=x'],
    ['no GS2 header', 'n=ada,r=x'],
    ['half a GS2 header', 'n,n=ada,r=x'],
    ['the identity of somebody else', 'n,a=bob,n=ada,r=x'],
    ['an empty identity', 'n,a=,n=ada,r=x'],
    ['a mandatory extension', 'n,,m=x,n=ada,r=x'],
    ['a late mandatory extension', 'n,,n=ada,r=x,m=x'],
    ['no user name', 'n,,r=x'],
    ['an empty user name', 'n,,n=,r=x'],
    ['a bare = in the user name', 'n,,n=a=b,r=x'],
    ['a small hex code in the user name', 'n,,n=a=2cb,r=x'],
    ['a control character in the user name', 'n,,n=a\u0007,r=x'],
    ['U+0000', 'n,,n=a\u0000,r=x'],
    ['no nonce', 'n,,n=ada'],
    ['an empty nonce', 'n,,n=ada,r='],
    ['a space in the nonce', 'n,,n=ada,r=x y'],
    ['letters beyond ASCII in the nonce', 'n,,n=ada,r=\u00e9'],
    ['the nonce before the name', 'n,,r=x,n=ada'],
    ['an extension without a value', 'n,,n=ada,r=x,q='],
    ['a comma at the end', 'n,,n=ada,r=x,'],
    ['a newline at the end', 'n,,n=ada,r=x\n'],
    ['more than 4096 bytes', `n,,n=ada,r=${'x'.repeat(4096)}`],
  ])('refuses a client-first message with %s', (_what, message) => {
    expect(read(message)).toBeUndefined()
  })

  it('refuses a client-first message that is not UTF-8', () => {
    expect(readClientFirst(Buffer.from('n,,n=\xff,r=x', 'latin1'))).toBeUndefined()
  })

  const { withoutProof, proof } = vector
  it.each([
    ['nothing', ''],
    ['no proof', withoutProof],
    ['an empty proof', `${withoutProof},p=`],
    ['a proof that is not base64', `${withoutProof},p=${proof.replace('d', '*')}`],
    ['a short proof', `${withoutProof},p=${Buffer.alloc(31).toString('base64')}`],
    ['a long proof', `${withoutProof},p=${Buffer.alloc(33).toString('base64')}`],
    ['a wrong proof', `${withoutProof},p=${proof.replace('d', 'e')}`],
    ['two proofs', `${withoutProof},p=${proof},p=${proof}`],
    ['something behind the proof', `${withoutProof},p=${proof},q=x`],
    ['an extension that was not in the proof', `${withoutProof},q=x,p=${proof}`],
    ['a mandatory extension', `${withoutProof},m=x,p=${proof}`],
    ['another GS2 header', `${withoutProof.replace('biws', 'eSws')},p=${proof}`],
    ['another nonce', `${withoutProof.replace('k0', 'k1')},p=${proof}`],
    ['only the nonce of the client', `c=biws,r=rOprNGfwEbeRWgbNEkqO,p=${proof}`],
    ['no channel binding', `${withoutProof.slice('c=biws,'.length)},p=${proof}`],
    ['bytes that are not UTF-8', Buffer.from([0xff, 0xfe])],
    ['more than 4096 bytes', `${withoutProof},q=${'x'.repeat(4096)},p=${proof}`],
  ])('refuses a client-final message with %s', async (_what, message) => {
    expect(await answerTo(message)).toBeUndefined()
  })

  it.each(['n,,', 'y,,', 'n,a=ada,'])('binds the GS2 header %j into the proof', async (header) => {
    expect(await answerToProof(header)).toBe(true)
  })

  it('takes an extension that the proof covers', async () => {
    expect(await answerToProof('n,,', (said) => `${said},q=x`)).toBe(true)
  })

  it.each<[string, (said: string) => string]>([
    ['another GS2 header', (said) => said.replace('biws', 'eSws')],
    ['another nonce', (said) => `${said}x`],
    ['a mandatory extension', (said) => `${said},m=x`],
    ['an earlier proof', (said) => `${said},p=x`],
  ])('refuses %s also when the proof covers it', async (_what, alter) => {
    expect(await answerToProof('n,,', alter)).toBeUndefined()
  })

  it('adds another nonce each time', () => {
    const first = read(vector.clientFirst)
    if (first === undefined) throw new Error('the message is well formed')
    const nonces = Array.from({ length: 100 }, () => answerClientFirst(first, { salt, iterations: 4096 }).nonce)
    expect(new Set(nonces).size).toBe(100)
  })
})
