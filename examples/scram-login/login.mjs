// Logs in by SCRAM-SHA-256 with MQTT.js: the password never crosses the wire, and the broker proves that it knows the
// user too. Make the user with: topiary passwd --file users.passwd --user ada --scram
//   node login.mjs mqtt://127.0.0.1:1883 ada secret
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import mqtt from 'mqtt'

const [url, user, password] = process.argv.slice(2)
const authenticationMethod = 'SCRAM-SHA-256'
const hmac = (key, text) => createHmac('sha256', key).update(text).digest()
const attributes = (message) => Object.fromEntries(message.split(',').map((part) => [part[0], part.slice(2)]))

const firstBare = `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${randomBytes(18).toString('base64')}`
let serverSignature

/** Answers the broker's challenge: RFC 5802, section 3. */
function finalMessage(challenge) {
  const { r: nonce, s: salt, i: iterations } = attributes(challenge)
  const salted = pbkdf2Sync(password.normalize('NFKC'), Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256')
  const withoutProof = `c=${Buffer.from('n,,').toString('base64')},r=${nonce}`
  const authMessage = `${firstBare},${challenge},${withoutProof}`
  const clientKey = hmac(salted, 'Client Key')
  const signature = hmac(createHash('sha256').update(clientKey).digest(), authMessage)
  serverSignature = hmac(hmac(salted, 'Server Key'), authMessage).toString('base64')
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]))
  return `${withoutProof},p=${proof.toString('base64')}`
}

const client = mqtt.connect(url, {
  protocolVersion: 5,
  manualConnect: true,
  reconnectPeriod: 0,
  // no user name is needed: it is in the authentication data
  properties: { authenticationMethod, authenticationData: Buffer.from(`n,,${firstBare}`) },
})
client.handleAuth = (packet, callback) => {
  const authenticationData = Buffer.from(finalMessage(String(packet.properties.authenticationData)))
  callback(undefined, { cmd: 'auth', reasonCode: 0x18, properties: { authenticationMethod, authenticationData } })
}
client.on('connect', (connack) => {
  const { v } = attributes(String(connack.properties.authenticationData))
  const isGenuine = v === serverSignature
  process.stdout.write(isGenuine ? `${user} is in, and the broker is who it should be\n` : 'this is another broker\n')
  client.end()
})
client.on('error', (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
  client.end(true)
})
client.connect()
