import { z } from 'zod'
import { choice, count, durabilityLevels, flag, port, qos, text } from './schema-values.ts'

const tls = z.strictObject({
  certificateFile: text(
    'Certificate of the listener with those between it and its authority, PEM. Needed but for psk.',
    'server.crt',
  ).optional(),
  keyFile: text('Private key, PEM. Readable by nobody else. Needed but for psk.', 'server.key').optional(),
  keyPassphrase: z
    .string()
    .meta({
      description: 'Passphrase of the private key; never shown.',
      examples: ['${TLS_PASSPHRASE}'],
      writeOnly: true,
    })
    .optional(),
  caFile: text('Authorities whose client certificates are believed, PEM.', 'clients-ca.crt').optional(),
  caDirectory: text('Directory of such authorities, a PEM file each.', 'clients-ca.d').optional(),
  revocationFile: text('Certificate revocation lists (CRL) for client certificates, PEM.', 'revoked.crl').optional(),
  minimumVersion: choice(['TLSv1.2', 'TLSv1.3'], 'TLSv1.2', 'Oldest version of TLS.'),
  ciphers: text('Cipher list in the form of OpenSSL; left out, the one of Node.js.', 'ECDHE+AESGCM').optional(),
  cipherSuites: text('Cipher suites of TLS 1.3; left out, those of Node.js.', 'TLS_AES_256_GCM_SHA384').optional(),
  psk: z
    .strictObject({
      file: text('Lines identity:key, the key in hexadecimal digits.', 'devices.psk'),
      hint: text('Told to clients that ask which identity to use.', 'plant').optional(),
    })
    .optional()
    .describe('Keys that clients share with the broker, in the place of certificates.'),
  clientCertificate: choice(
    ['none', 'optional', 'required'],
    'none',
    'Whether clients are asked for a certificate, and whether they need one.',
  ),
  certificateUser: choice(
    ['none', 'common-name', 'subject'],
    'none',
    'What of a verified client certificate is the user name; who has one needs no password. With psk: the identity, unless none.',
  ),
})

const ofListener = z
  .enum(durabilityLevels)
  .optional()
  .describe('How publishes that come in here are kept, unless a topic rule says otherwise; left out, as storage says.')

const anonymous = z
  .boolean()
  .optional()
  .describe(
    'Let in clients that give no user name. Left out: yes on loopback addresses without proxyProtocol and on Unix sockets, no anywhere else.',
  )
const aliases = (description: string) =>
  z
    .int()
    .min(0)
    .max(65_535)
    .meta({ description, examples: [10] })
    .optional()

const several = {
  allowAnonymous: anonymous,
  durability: ofListener,
  maximumConnections: count(0, 'Network connections at once by this listener; 0 = no limit.'),
  protocolVersions: z
    .array(z.literal([3, 4, 5]))
    .min(1)
    .meta({
      description: 'Versions of MQTT spoken here: 3 is 3.1, 4 is 3.1.1, 5 is 5.0; left out, all.',
      examples: [[4, 5]],
    })
    .optional(),
  maximumQos: qos.optional().describe('In the place of features.maximumQos.'),
  topicAliasMaximum: aliases('In the place of limits.topicAliasMaximum.'),
  outboundTopicAliasMaximum: aliases('In the place of limits.outboundTopicAliasMaximum.'),
  allowEmptyClientId: z.boolean().optional().describe('In the place of features.allowEmptyClientId.'),
  assignedClientIdPrefix: z
    .string()
    .max(50)
    .meta({ description: 'In the place of features.assignedClientIdPrefix.', examples: ['site-7-'] })
    .optional(),
  clientIdFromUser: flag(false, 'Take the user name for the client identifier; who has none is refused.'),
  mountPoint: text(
    'Put before every topic of those who come in here, and taken away from what they are sent: they see this part of the topics as the whole. Without + and #.',
    'site-7/',
  )
    .regex(/^[^+#\0]+$/)
    .optional(),
  access: z
    .strictObject({
      passwordFile: text('As authentication.passwordFile.', 'site-7.passwd').optional(),
      aclFile: text('As aclFile.', 'site-7.acl').optional(),
    })
    .optional()
    .describe('Users and rights of those who come in here, in the place of those for all.'),
}
const network = {
  host: text('Address to listen on; 0.0.0.0 or :: for all.').default('127.0.0.1'),
  tls: tls.optional().describe('Encrypt; left out, the listener is plain.'),
  noDelay: flag(
    true,
    'Send small packets at once; with false the system gathers them (Nagle), which saves packets and costs time.',
  ),
  ipv6Only: flag(false, 'On an IPv6 address that stands for all, like ::, take no IPv4 clients.'),
  proxyProtocol: z
    .union([z.boolean(), z.literal([1, 2])])
    .default(false)
    .describe(
      'Every connection must begin with a PROXY protocol header, of the version named or, with true, of either. Only behind a proxy that nobody can go around: whoever reaches the port can claim any address.',
    ),
  proxyCertificateUser: flag(
    false,
    'Take the common name of the client certificate that the PROXY header names for the user; who has none is refused.',
  ),
  proxyRequiresTls: flag(false, 'Close connections whose PROXY header does not say that the client came by TLS.'),
  ...several,
}
export const listener = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('tcp').describe('MQTT over TCP, or TLS.'),
    port: port('TCP port; 0 takes a free one.', 1883),
    ...network,
  }),
  z.strictObject({
    kind: z.literal('websocket').describe('MQTT over WebSocket.'),
    port: port('TCP port; 0 takes a free one.', 9001),
    ...network,
    allowedOrigins: z
      .array(text('scheme://host or scheme://host:port'))
      .default([])
      .describe('Origins of browser pages that are let in; empty lets any in.'),
    httpDirectory: text('Directory whose files are served to browsers at this port.', 'dashboard').optional(),
  }),
  z.strictObject({
    kind: z.literal('unix').describe('MQTT over a Unix socket.'),
    path: text('Path of the socket.', '/run/topiary/mqtt.sock'),
    mode: z
      .string()
      .regex(/^0?[0-7]{3}$/)
      .default('660')
      .describe('Permissions of the socket, three octal digits, in quotes.'),
    ...several,
  }),
])
