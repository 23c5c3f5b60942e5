import { z } from 'zod'
import type { Features, Limits } from '../contracts/limits.ts'

/**
 * Every setting with its bounds, its default and its text. From here come the check of settings, the JSON Schema
 * (settings.schema.json) and docs/settings.md.
 */

const MAXIMUM_MS = 2_147_483_647
const FOUR_BYTES = 4_294_967_295
const LARGEST_PACKET = 268_435_460

const whole = (least: number, most: number, usual: number, description: string) =>
  z.int().min(least).max(most).default(usual).describe(description)
const count = (usual: number, description: string) => whole(0, Number.MAX_SAFE_INTEGER, usual, description)
const choice = <const T extends readonly [string, ...string[]]>(choices: T, usual: T[number], description: string) =>
  z.enum(choices).default(usual).describe(description)
const flag = (usual: boolean, description: string) => z.boolean().default(usual).describe(description)
const text = (description: string, ...examples: string[]) =>
  z
    .string()
    .min(1)
    .meta({ description, ...(examples.length > 0 && { examples }) })

const limits = z.strictObject({
  maximumConnections: count(0, 'Network connections at once; 0 = no limit.'),
  maximumConnectionsPerAddress: count(0, 'The same for one remote address; 0 = no limit.'),
  connectTimeoutMs: whole(1, MAXIMUM_MS, 10_000, 'A connection whose CONNECT is not complete by then is closed.'),
  maximumConnectPacketBytes: whole(20, LARGEST_PACKET, 512 * 1024, 'Largest CONNECT packet.'),
  maximumPacketBytes: whole(20, LARGEST_PACKET, 16 * 1024 * 1024, 'Largest packet accepted from a client.'),
  maximumPayloadBytes: count(
    0,
    'Largest payload of a publish; a larger one is dropped and, where the version can, refused (0x95); 0 = no limit.',
  ),
  receiveMaximum: whole(1, 65_535, 1024, 'QoS 1 and 2 publishes a client may have unacknowledged.'),
  topicAliasMaximum: whole(0, 65_535, 64, 'Topic aliases a client may use; 0 switches them off.'),
  outboundTopicAliasMaximum: whole(0, 65_535, 64, 'Topic aliases the broker uses toward a client that allows them.'),
  maximumKeepAliveSeconds: whole(0, 65_535, 0, 'Longest keep alive of 5.0 clients; 0 = no limit.'),
  maximumSessionExpirySeconds: whole(0, FOUR_BYTES, FOUR_BYTES, 'Longest session expiry; 4294967295 = for ever.'),
  mqtt3SessionExpirySeconds: whole(
    0,
    FOUR_BYTES,
    30 * 24 * 3600,
    'How long a 3.x session with Clean Session 0 outlives its connection; 4294967295 = for ever.',
  ),
  maximumSessions: count(1_000_000, 'Sessions at once, connected or not; 0 = no limit.'),
  maximumSubscriptionsPerSession: count(10_000, 'Subscriptions of one session.'),
  maximumTopicLevels: whole(1, 65_536, 128, 'Levels in a topic name or topic filter.'),
  maximumInflightMessages: whole(1, 65_535, 65_535, 'Unacknowledged QoS 1 and 2 messages toward one client.'),
  maximumInflightBytes: count(0, 'Their bytes; one message may always go. 0 = no limit.'),
  maximumQueuedMessages: count(100_000, 'Messages queued for one session, in flight included.'),
  queueCountsInflight: flag(
    true,
    'Whether messages in flight are part of maximumQueuedMessages. false: while a client is connected, as many as it may have in flight come on top.',
  ),
  maximumQueuedBytes: count(32 * 1024 * 1024, 'Their bytes.'),
  maximumQueuedAgeSeconds: whole(0, FOUR_BYTES, 0, 'Longest time a message waits in a queue; 0 = no limit.'),
  maximumQueuedMessagesTotal: count(50_000_000, 'Messages queued for all sessions together; 0 = no limit.'),
  maximumQueuedBytesTotal: count(8 * 1024 * 1024 * 1024, 'Their bytes; 0 = no limit.'),
  queueFullPolicy: choice(
    ['drop-oldest', 'drop-newest', 'reject-publish', 'disconnect', 'latest-per-topic'],
    'drop-oldest',
    'What happens when a queue limit is reached. latest-per-topic keeps only the newest message of each topic, at all times.',
  ),
  queueQos0: flag(false, 'Whether QoS 0 messages are queued for sessions that are offline.'),
  maximumOutboxBytes: count(16 * 1024 * 1024, 'Bytes waiting for one client before it counts as slow.'),
  maximumOutboxBytesTotal: count(256 * 1024 * 1024, 'The same over all clients.'),
  maximumUncommittedBytes: count(4 * 1024 * 1024, 'Bytes not yet durable for one client before it is not read.'),
  maximumUncommittedBytesTotal: count(64 * 1024 * 1024, 'The same over all clients.'),
  maximumRetainedMessages: count(1_000_000, 'Retained messages.'),
  maximumRetainedBytes: count(1024 * 1024 * 1024, 'Their bytes.'),
}) satisfies z.ZodType<Limits>

const qos = z.literal([0, 1, 2])
const allowEmptyClientId = flag(true, 'Let in clients that leave their client identifier to the broker.')
const assignedClientIdPrefix = z
  .string()
  .max(50)
  .default('auto-')
  .describe('How client identifiers begin that the broker gives.')

const features = z.strictObject({
  maximumQos: qos.default(2).describe('Highest QoS of a publish, and of a granted subscription.'),
  retainAvailable: flag(true, 'Retained messages.'),
  wildcardSubscriptionAvailable: flag(true, 'Topic filters with + and #.'),
  subscriptionIdentifiersAvailable: flag(true, 'Subscription identifiers.'),
  sharedSubscriptionAvailable: flag(true, 'Shared subscriptions, $share/name/filter.'),
  sharedSubscriptionStrategy: choice(
    ['round-robin', 'random', 'sticky', 'hash-topic'],
    'round-robin',
    'Which member of a shared subscription gets a message. A change is for groups made from then on.',
  ),
  mqtt3RefusedPublish: choice(
    ['acknowledge', 'disconnect'],
    'acknowledge',
    'What becomes of a publish without the right to it from a 3.x client, which cannot be told: acknowledged and dropped, or the connection closed. Either is counted.',
  ),
  mqtt3LongKeepAlive: choice(
    ['keep', 'refuse'],
    'keep',
    'What becomes of a 3.x client whose keep alive is above maximumKeepAliveSeconds, which cannot be told: it keeps it, or is refused.',
  ),
  upgradeOutgoingQos: flag(false, 'Deliver at the QoS of the subscription also what was published at a lower one.'),
  overlappingSubscriptions: choice(
    ['once', 'each'],
    'once',
    'How often a client gets a message that several of its subscriptions match.',
  ),
  checkRetainedPublisher: flag(
    false,
    'Send a retained message only while whoever published it may publish to its topic.',
  ),
  sessionOfAnotherUser: choice(
    ['refuse', 'replace'],
    'refuse',
    'What becomes of a client whose client identifier has a session of another user: it is refused, or that session ends and another begins.',
  ),
  allowEmptyClientId,
  assignedClientIdPrefix,
  clientIdPrefix: text('Refuse client identifiers that do not begin with this.', 'plant-').optional(),
  strictMqtt31ClientIds: flag(false, 'Refuse MQTT 3.1 client identifiers longer than 23 characters.'),
}) satisfies z.ZodType<Features>

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

const durabilityLevels = ['always', 'interval', 'memory'] as const
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
const port = (description: string, example: number) =>
  z
    .int()
    .min(0)
    .max(65_535)
    .meta({ description, examples: [example] })

const listener = z.discriminatedUnion('kind', [
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

const storage = z.strictObject({
  directory: text(
    'Directory that state is kept in, of this broker alone; made when it is not there. Left out: ./topiary-data with `topiary start`, memory in programs.',
    './topiary-data',
  ).optional(),
  memory: flag(false, 'Keep state in memory only: nothing outlives the process.'),
  durability: choice(
    durabilityLevels,
    'always',
    'What an acknowledgement means: on disk (always), on disk within intervalMs (interval), in memory (memory). Session data is kept as said here.',
  ),
  intervalMs: whole(1, 60_000, 1000, 'How long interval may wait.'),
  topics: z
    .array(
      z.strictObject({
        topics: z.array(z.string().min(1)).min(1).describe('Topic filters.'),
        durability: z.enum(durabilityLevels).describe('How publishes to these topics are kept.'),
      }),
    )
    .default([])
    .describe('Topics that are kept otherwise; the first that matches decides.'),
})

const right = z.enum(['read', 'write', 'subscribe'])
const rightsList = z.union([z.literal('all'), right, z.array(right).min(1)])

const rights = z.strictObject({
  default: choice(['allow', 'deny'], 'deny', 'What holds where no rule decides.'),
  groups: z
    .record(z.string().min(1), z.array(z.string().min(1)))
    .default({})
    .describe('Names for lists of users.'),
  rules: z
    .array(
      z.strictObject({
        allow: rightsList.optional().describe('Rights given: read, write, subscribe, a list of them, or all.'),
        deny: rightsList.optional().describe('Rights taken away.'),
        users: z.array(z.string().min(1)).optional().describe('Whom it is for; without users and groups: everybody.'),
        groups: z.array(z.string().min(1)).optional().describe('Groups whom it is for.'),
        topics: z
          .array(z.string().min(1))
          .min(1)
          .describe('Topic filters; %c stands for the client identifier, %u for the user.'),
        maximumQos: qos.optional().describe('Only up to this QoS; with allow.'),
        retain: z.boolean().optional().describe('false: not for publishes with RETAIN; with allow.'),
      }),
    )
    .meta({
      description: 'Read from the first on; the first that covers the case decides.',
      examples: [[{ allow: 'all', users: ['ada'], topics: ['plant/#'] }]],
    }),
})

const rate = (whom: string) =>
  z
    .strictObject({
      inboundMessages: count(0, 'Publishes from clients.'),
      inboundBytes: count(0, 'Bytes from clients.'),
      outboundMessages: count(0, 'Publishes to clients.'),
      outboundBytes: count(0, 'Bytes to clients.'),
    })
    .prefault({})
    .describe(whom)
const rates = z.strictObject({
  client: rate('Of one client identifier.'),
  user: rate('Of all connections of one user.'),
  address: rate('Of all connections from one address.'),
  listener: rate('Of all connections of one listener.'),
})

export const settingsSchema = z.strictObject({
  $schema: z.string().optional().describe('For editors: where the JSON Schema of this file is.'),
  version: z.literal(1).optional().describe('Of the form of this file.'),
  listeners: z
    .array(listener)
    .prefault([
      { kind: 'tcp', port: 1883 },
      { kind: 'websocket', port: 9001 },
    ])
    .describe('Where clients come in.'),
  authentication: z
    .strictObject({
      passwordFile: text('Users and their passwords, written by `topiary passwd`.', 'users.passwd').optional(),
      acceptUncheckedUserNames: flag(
        false,
        'Where anonymous clients are let in and no passwords are configured, take the name a client gives for its user.',
      ),
      userNameBesideCertificate: choice(
        ['must-match', 'ignored'],
        'must-match',
        'What a client whose certificate or pre-shared key is its login may give as user name: the same, or anything.',
      ),
      wrongLoginReason: choice(
        ['bad-user-name-or-password', 'not-authorized'],
        'bad-user-name-or-password',
        'What a client with a wrong user name or password is answered, or with another name than its certificate: 0x86, before 5.0 4, or 0x87 and 5.',
      ),
      hashConcurrency: z
        .literal([1, 2])
        .optional()
        .describe('Password hashes computed at once; left out, 1 on two cores or fewer, else 2.'),
      maximumWaitingLogins: whole(
        1,
        1_000_000,
        1024,
        'Logins that may wait for a hash; further ones are refused as "server busy" (0x89).',
      ),
    })
    .prefault({})
    .describe('Who clients are.'),
  rights: rights.optional().describe('Who may do what; left out, everybody may do everything.'),
  aclFile: text(
    'Who may do what, in the form of an ACL file of Mosquitto; in the place of rights.',
    'users.acl',
  ).optional(),
  mosquittoVersion: choice(
    ['2.0', '2.1'],
    '2.1',
    'Whose rules password files and ACL files follow where versions of Mosquitto differ.',
  ),
  rates: rates.prefault({}).describe('How much comes in and goes out in a second; 0 = no limit.'),
  storage: storage.prefault({}).describe('Where state is kept, and what an acknowledgement means.'),
  limits: limits.prefault({}).describe('What the broker bounds; docs/limits.md says what happens at each limit.'),
  features: features.prefault({}).describe('Parts of the protocol that can be switched off; 5.0 clients are told.'),
  http: z
    .strictObject({
      host: text('Address to listen on.').default('127.0.0.1'),
      port: port('TCP port; 0 takes a free one.', 9090),
    })
    .optional()
    .describe('HTTP with /livez, /readyz and /metrics; left out, none.'),
  sysIntervalSeconds: whole(0, 86_400, 10, 'Seconds between updates of $SYS; 0 switches it off.'),
  shutdownGraceMs: whole(0, MAXIMUM_MS, 5_000, 'How long a stop waits for what is on its way to clients.'),
  logLevel: choice(['debug', 'info', 'warn', 'error', 'silent'], 'info', 'Least level of the log.'),
})
