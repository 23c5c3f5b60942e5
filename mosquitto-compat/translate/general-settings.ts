import type { MosquittoConf } from '../conf/mosquitto-conf.ts'
import type { OptionName } from '../conf/options.ts'
import type { MosquittoVersion } from '../mosquitto-version.ts'
import type { SettingsBuilder } from './settings-builder.ts'
import type { StorageWish } from './storage-wish.ts'

const FOR_EVER = 4_294_967_295
const LARGEST_PACKET = 268_435_460
const LARGEST_CONNECT = 512 * 1024
const MOST_IN_FLIGHT = 65_535
const NO_LIMIT = Number.MAX_SAFE_INTEGER

/** Settings that an option gives as it is. */
const plain: readonly (readonly [option: OptionName, setting: string])[] = [
  ['message_size_limit', 'limits.maximumPayloadBytes'],
  ['global_max_connections', 'limits.maximumConnections'],
  ['max_inflight_bytes', 'limits.maximumInflightBytes'],
  ['queue_qos0_messages', 'limits.queueQos0'],
  ['max_keepalive', 'limits.maximumKeepAliveSeconds'],
  ['retain_available', 'features.retainAvailable'],
  ['upgrade_outgoing_qos', 'features.upgradeOutgoingQos'],
  ['check_retain_source', 'features.checkRetainedPublisher'],
  ['clientid_prefixes', 'features.clientIdPrefix'],
  ['allow_zero_length_clientid', 'features.allowEmptyClientId'],
  ['auto_id_prefix', 'features.assignedClientIdPrefix'],
  ['sys_interval', 'sysIntervalSeconds'],
  ['topiary_max_connections_per_address', 'limits.maximumConnectionsPerAddress'],
  ['topiary_max_queued_age', 'limits.maximumQueuedAgeSeconds'],
  ['topiary_shared_subscription_strategy', 'features.sharedSubscriptionStrategy'],
  ['topiary_refused_publish', 'features.mqtt3RefusedPublish'],
  ['topiary_strict_client_ids', 'features.strictMqtt31ClientIds'],
]

/** What holds in Mosquitto whether or not a line says it, where it is not what Topiary does by itself. */
const ofMosquitto: readonly (readonly [setting: string, value: unknown])[] = [
  ['authentication.acceptUncheckedUserNames', true],
  ['authentication.userNameBesideCertificate', 'ignored'],
  ['authentication.wrongLoginReason', 'not-authorized'],
  ['features.mqtt3LongKeepAlive', 'refuse'],
  ['features.sessionOfAnotherUser', 'replace'],
  // it allows 200 slashes
  ['limits.maximumTopicLevels', 201],
]

/** Sets everything that is not about listeners, users and rights. */
export function setGeneral(
  { general }: MosquittoConf,
  version: MosquittoVersion,
  storage: StorageWish,
  builder: SettingsBuilder,
): void {
  const set = (setting: string, value: unknown, ...options: readonly OptionName[]): void => {
    const place = options.map((option) => general.place(option)).find((found) => found !== undefined)
    builder.set(setting.split('.'), value, place)
  }
  set('mosquittoVersion', version, 'topiary_mosquitto_version')
  for (const [setting, value] of ofMosquitto) set(setting, value)
  for (const [option, setting] of plain) set(setting, general.get(option), option)
  // without the option there is no bound there
  set('limits.maximumSessions', general.get('global_max_clients') ?? 0, 'global_max_clients')
  const isEach = general.get('allow_duplicate_messages') ?? version === '2.1'
  set('features.overlappingSubscriptions', isEach ? 'each' : 'once', 'allow_duplicate_messages')
  setPackets(general, version, set)
  setQueues(general, set)
  const expiration = Math.min(general.get('persistent_client_expiration') ?? FOR_EVER, FOR_EVER)
  set('limits.mqtt3SessionExpirySeconds', expiration, 'persistent_client_expiration')
  set('limits.topicAliasMaximum', 10)
  set('limits.outboundTopicAliasMaximum', version === '2.1' ? 10 : 0)
  setRates(general, set)
  setStorage(general, storage, set)
  set('shutdownGraceMs', inMilliseconds(general.get('topiary_shutdown_grace')), 'topiary_shutdown_grace')
}

type General = MosquittoConf['general']
type Setter = (setting: string, value: unknown, ...options: readonly OptionName[]) => void

function setPackets(general: General, version: MosquittoVersion, set: Setter): void {
  const given = general.get('max_packet_size') ?? (version === '2.1' ? 2_000_000 : LARGEST_PACKET)
  const largest = Math.min(given, LARGEST_PACKET)
  set('limits.maximumPacketBytes', largest, 'max_packet_size')
  // a CONNECT comes from nobody known yet: our own bound stays where it is the lower one
  set('limits.maximumConnectPacketBytes', Math.min(largest, LARGEST_CONNECT), 'max_packet_size')
  set('limits.connectTimeoutMs', inMilliseconds(general.get('topiary_connect_timeout')), 'topiary_connect_timeout')
}

function setQueues(general: General, set: Setter): void {
  const inFlight = general.get('max_inflight_messages') ?? 20
  const most = inFlight === 0 ? MOST_IN_FLIGHT : inFlight
  set('limits.maximumInflightMessages', most, 'max_inflight_messages')
  // the same number bounds what a 5.0 client may have under way, and is told to it
  set('limits.receiveMaximum', most, 'max_inflight_messages')
  const messages = general.get('max_queued_messages') ?? 1000
  set('limits.maximumQueuedMessages', messages === 0 ? NO_LIMIT : messages, 'max_queued_messages')
  set('limits.queueCountsInflight', false)
  const bytes = general.get('max_queued_bytes') ?? 0
  set('limits.maximumQueuedBytes', bytes === 0 ? NO_LIMIT : bytes, 'max_queued_bytes')
  const policy = general.get('topiary_queue_full_policy') ?? 'drop-newest'
  set('limits.queueFullPolicy', policy, 'topiary_queue_full_policy')
}

const whom = ['client', 'user', 'address', 'listener'] as const
const directions = ['inbound', 'outbound'] as const
const units = ['messages', 'bytes'] as const

function setRates(general: General, set: Setter): void {
  for (const who of whom) {
    for (const direction of directions) {
      for (const unit of units) {
        const option = `topiary_rate_${who}_${direction}_${unit}` as const
        set(`rates.${who}.${direction}${unit === 'bytes' ? 'Bytes' : 'Messages'}`, general.get(option), option)
      }
    }
  }
}

function setStorage(general: General, { isOn, directory }: StorageWish, set: Setter): void {
  if (!isOn) return set('storage.memory', true, 'persistence', 'retained_persistence')
  set('storage.directory', directory, 'persistence_location', 'persistence_file', 'persistence')
  set('storage.durability', general.get('topiary_durability') ?? 'always', 'topiary_durability', 'persistence')
  set('storage.intervalMs', general.get('topiary_durability_interval'), 'topiary_durability_interval')
}

function inMilliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}
