import { z } from 'zod'
import type { Features, Limits } from '../contracts/limits.ts'
import { listener } from './listener-schema.ts'
import {
  MAXIMUM_MS,
  FOUR_BYTES,
  LARGEST_PACKET,
  whole,
  count,
  choice,
  flag,
  text,
  qos,
  port,
  durabilityLevels,
} from './schema-values.ts'

/**
 * Every setting with its bounds, its default and its text. From here come the check of settings, the JSON Schema
 * (settings.schema.json) and docs/settings.md.
 */

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
