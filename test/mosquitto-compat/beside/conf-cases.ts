import { Chance } from './chance.ts'
import type { Files } from './pair.ts'

/** An option with values to choose from: such that there should be a broker, and such that there should be none. */
interface Choice {
  readonly option: string
  readonly good: readonly string[]
  readonly bad: readonly string[]
}

const flags = (option: string): Choice => ({ option, good: ['true', 'false', '1', '0'], bad: ['yes', 'TRUE', '2', ''] })
const values = (option: string, good: string, bad: string): Choice => ({
  option,
  good: good.split(' '),
  bad: bad === '' ? [] : bad.split(' '),
})

const general: readonly Choice[] = [
  flags('allow_duplicate_messages'),
  flags('check_retain_source'),
  flags('connection_messages'),
  flags('queue_qos0_messages'),
  flags('retain_available'),
  { ...flags('set_tcp_nodelay'), good: ['true', '1'] },
  flags('upgrade_outgoing_qos'),
  flags('log_timestamp'),
  flags('allow_zero_length_clientid'),
  values('auto_id_prefix', 'auto- x my_', 'a'.repeat(51)),
  values('clientid_prefixes', 'pro', ''),
  values('max_inflight_messages', '1 3 5 20 0', 'x 3x 65536'),
  values('max_inflight_bytes', '0 25 1000', 'x'),
  values('max_queued_messages', '0 1 3 1000', 'many 1.5'),
  values('max_queued_bytes', '0 25 1000', '-'),
  values('max_keepalive', '10 60 65535', '70000 -1 x'),
  values('max_packet_size', '60 100 200 2000000', '19 0 -5 x'),
  values('message_size_limit', '0 20 100', '-1 x'),
  values('memory_limit', '100000000 0', '-1'),
  values('persistent_client_expiration', '1h 2d 3w 1m 1y', 'h 1x -1d 5'),
  values('sys_interval', '0 10 65535', '65536 -1'),
  values('websockets_headers_size', '0 4096', '65536 -1'),
  values('websockets_log_level', '0 255', 'x'),
  values('retry_interval', '20', ''),
  values('log_dest', 'none stdout stderr topic syslog', 'nowhere file'),
  values('log_type', 'none all error warning notice information debug subscribe unsubscribe websockets', 'loud'),
  values('log_facility', '0 7', '8 -1'),
  values('log_timestamp_format', '%Y %H:%M:%S', ''),
  values('pid_file', '@DIR@/pid', ''),
  values('per_listener_settings', 'false', 'maybe'),
  values('autosave_interval', '0 60', 'x'),
  values('autosave_on_changes', 'true false', 'x'),
  values('no_such_option', '', '1'),
]

const ofListener: readonly Choice[] = [
  flags('use_username_as_clientid'),
  values('max_connections', '-1 3 0', 'x'),
  values('max_qos', '0 1 2', '3 -1'),
  values('max_topic_alias', '0 5 65535', '65536 -1'),
  values('mount_point', 'mp/ p', 'a/# +/'),
  values('protocol', 'mqtt', 'amqp'),
  values('socket_domain', 'ipv4', 'ipv5'),
  values('certfile', '', '@DIR@/absent'),
  values('keyfile', '', '@DIR@/absent'),
  values('cafile', '', '@DIR@/absent'),
  values('password_file', '', '@DIR@/absent'),
  values('acl_file', '', '@DIR@/absent'),
  values('psk_hint', '', 'hint'),
  values('use_identity_as_username', 'true false', 'x'),
  values('listener', '', '@PORT1@ 70000 -1 x'),
]

export interface ConfCase {
  readonly seed: number
  /** The line whose value was drawn from the bad ones. */
  readonly bad: string | undefined
  readonly files: Files
}

/** A listener with options of chance, and a plain one to look from. */
export function confCase(seed: number): ConfCase {
  const chance = new Chance(seed)
  const isBad = chance.once(4)
  const chosen = (all: readonly Choice[], most: number): string[] =>
    chance
      .some(all, chance.below(most + 1))
      .filter(({ good }) => good[0] !== '')
      .map(({ option, good }) => `${option} ${chance.of(good)}${chance.once(12) ? '  ' : ''}`)
  const fromBad = (all: readonly Choice[]): string => {
    const { option, bad } = chance.of(all.filter((choice) => choice.bad.length > 0))
    return `${option} ${chance.of(bad)}`
  }
  const lines = chosen(general, 8)
  const inListener = chosen(ofListener, 4)
  const isOfAll = chance.once(2)
  const bad = isBad ? fromBad(isOfAll ? general : ofListener) : undefined
  if (bad !== undefined) (isOfAll ? lines : inListener).push(bad)
  if (chance.once(6)) lines.push(...['# a comment', '', `max_inflight_messages ${chance.of(['7', '9'])}`])
  // without it Mosquitto waits for more to send, and the tests for Mosquitto
  if (!lines.some((line) => line.startsWith('set_tcp_nodelay'))) lines.push('set_tcp_nodelay true')
  const conf = [
    ...lines,
    'allow_anonymous true',
    'listener @PORT1@ 127.0.0.1',
    ...inListener,
    'listener @PORT2@ 127.0.0.1',
  ]
  return { seed, bad, files: { conf: `${conf.join('\n')}\n`, ports: 2 } }
}
