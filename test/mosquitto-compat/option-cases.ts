import { resolve } from 'node:path'
import type { OptionName } from '../../mosquitto-compat/conf/options.ts'
import type { bridgeOptions } from '../../mosquitto-compat/conf/options/bridge.ts'
import type { pluginOptions } from '../../mosquitto-compat/conf/options/plugin.ts'

/** Lines of a mosquitto.conf, and a part of what they become: settings, or terms of the process. */
export type OptionCase = readonly [lines: string, becomes: object]

type Named = Exclude<OptionName, keyof typeof bridgeOptions | keyof typeof pluginOptions>

const limits = (expected: object) => ({ settings: { limits: expected } })
const features = (expected: object) => ({ settings: { features: expected } })
const listeners = (...expected: object[]) => ({ settings: { listeners: expected } })
const log = (expected: object) => ({ process: { log: expected } })
const rate = (whom: string, name: string) => ({ settings: { rates: { [whom]: { [name]: 70 } } } })
const tls = (expected: object) => listeners({ tls: expected })
const open = 'listener 20000'
const certified = `${open}\ncertfile c.crt\nkeyfile c.key`
const keyed = `psk_file k.psk\n${open}\npsk_hint h`
const level = (name: string) => ({ settings: { logLevel: name } })
const own = 'per_listener_settings true'
const FOR_EVER = 4_294_967_295

/** Every option outside bridges and plugins. */
export const optionCases: Readonly<Record<Named, readonly OptionCase[]>> = {
  per_listener_settings: [
    [
      `${own}\n${open}\nacl_file a\nallow_anonymous true\nlistener 20001\npassword_file p\nauto_id_prefix x-`,
      listeners(
        { access: { aclFile: resolve('a') }, allowAnonymous: true },
        { access: { passwordFile: resolve('p') }, allowAnonymous: false, assignedClientIdPrefix: 'x-' },
      ),
    ],
    [
      `per_listener_settings false\n${open}\nacl_file a`,
      { settings: { aclFile: resolve('a'), listeners: [{ port: 20_000 }] } },
    ],
  ],
  allow_anonymous: [
    ['', listeners({ allowAnonymous: true }, { allowAnonymous: true })],
    ['allow_anonymous false', listeners({ allowAnonymous: false }, { allowAnonymous: false })],
    [open, listeners({ allowAnonymous: false })],
    [`${open}\nallow_anonymous 1\nlistener 20001`, listeners({ allowAnonymous: true }, { allowAnonymous: true })],
  ],
  listener_allow_anonymous: [
    [
      `allow_anonymous true\n${open}\nlistener_allow_anonymous false\nlistener 20001`,
      listeners({ allowAnonymous: false }, { allowAnonymous: true }),
    ],
  ],
  allow_zero_length_clientid: [
    ['allow_zero_length_clientid false', features({ allowEmptyClientId: false })],
    [`${own}\n${open}\nallow_zero_length_clientid false`, listeners({ allowEmptyClientId: false })],
  ],
  auto_id_prefix: [
    ['', features({ assignedClientIdPrefix: 'auto-' })],
    ['auto_id_prefix new-', features({ assignedClientIdPrefix: 'new-' })],
    [`${own}\n${open}\nauto_id_prefix new-`, listeners({ assignedClientIdPrefix: 'new-' })],
  ],
  listener_auto_id_prefix: [[`${open}\nlistener_auto_id_prefix l-`, listeners({ assignedClientIdPrefix: 'l-' })]],
  allow_duplicate_messages: [
    ['', features({ overlappingSubscriptions: 'each' })],
    ['topiary_mosquitto_version 2.0', features({ overlappingSubscriptions: 'once' })],
    ['allow_duplicate_messages false', features({ overlappingSubscriptions: 'once' })],
  ],
  acl_file: [['acl_file acl', { settings: { aclFile: resolve('acl') } }]],
  password_file: [['password_file /p q', { settings: { authentication: { passwordFile: '/p q' } } }]],
  psk_file: [
    [keyed, tls({ psk: { file: resolve('k.psk') } })],
    [`${own}\n${open}\npsk_file l.psk\npsk_hint h`, tls({ psk: { file: resolve('l.psk') } })],
  ],
  check_retain_source: [
    ['', features({ checkRetainedPublisher: false })],
    ['check_retain_source true', features({ checkRetainedPublisher: true })],
  ],
  clientid_prefixes: [['clientid_prefixes plant-', features({ clientIdPrefix: 'plant-' })]],
  enable_control_api: [
    ['', { process: { controlApi: false } }],
    ['enable_control_api true', { process: { controlApi: true } }],
  ],
  global_max_clients: [
    ['', limits({ maximumSessions: 0 })],
    ['global_max_clients 7', limits({ maximumSessions: 7 })],
    ['global_max_clients -1', limits({ maximumSessions: 0 })],
  ],
  global_max_connections: [['global_max_connections 7', limits({ maximumConnections: 7 })]],
  include_dir: [],
  max_inflight_messages: [
    ['', limits({ maximumInflightMessages: 20, receiveMaximum: 20 })],
    ['max_inflight_messages 5', limits({ maximumInflightMessages: 5, receiveMaximum: 5, maximumQueuedMessages: 1000 })],
    ['max_inflight_messages 0', limits({ maximumInflightMessages: 65_535, receiveMaximum: 65_535 })],
  ],
  max_inflight_bytes: [['max_inflight_bytes 5000', limits({ maximumInflightBytes: 5000 })]],
  max_queued_messages: [
    ['', limits({ maximumQueuedMessages: 1000, queueCountsInflight: false, queueFullPolicy: 'drop-newest' })],
    ['max_queued_messages 0x10', limits({ maximumQueuedMessages: 16 })],
    ['max_queued_messages 0', limits({ maximumQueuedMessages: Number.MAX_SAFE_INTEGER })],
  ],
  max_queued_bytes: [
    ['', limits({ maximumQueuedBytes: Number.MAX_SAFE_INTEGER })],
    ['max_queued_bytes 9000', limits({ maximumQueuedBytes: 9000 })],
  ],
  queue_qos0_messages: [['queue_qos0_messages true', limits({ queueQos0: true })]],
  max_keepalive: [
    ['', { settings: { limits: { maximumKeepAliveSeconds: 0 }, features: { mqtt3LongKeepAlive: 'refuse' } } }],
    ['max_keepalive 30', limits({ maximumKeepAliveSeconds: 30 })],
  ],
  max_packet_size: [
    ['', limits({ maximumPacketBytes: 2_000_000, maximumConnectPacketBytes: 524_288 })],
    ['topiary_mosquitto_version 2.0', limits({ maximumPacketBytes: 268_435_460 })],
    ['max_packet_size 100', limits({ maximumPacketBytes: 100, maximumConnectPacketBytes: 100 })],
    ['max_packet_size 300000000', limits({ maximumPacketBytes: 268_435_460 })],
  ],
  message_size_limit: [['message_size_limit 64', limits({ maximumPayloadBytes: 64 })]],
  packet_buffer_size: [['packet_buffer_size 100', {}]],
  websockets_headers_size: [['websockets_headers_size 100', {}]],
  memory_limit: [['memory_limit 100', {}]],
  persistent_client_expiration: [
    ['', limits({ mqtt3SessionExpirySeconds: FOR_EVER })],
    ['persistent_client_expiration 2m', limits({ mqtt3SessionExpirySeconds: 60 * 86_400 })],
    ['persistent_client_expiration 500y', limits({ mqtt3SessionExpirySeconds: FOR_EVER })],
  ],
  retain_available: [['retain_available false', features({ retainAvailable: false })]],
  retain_expiry_interval: [['retain_expiry_interval 5', {}]],
  set_tcp_nodelay: [
    [`set_tcp_nodelay true\n${open}`, listeners({ noDelay: true })],
    [`set_tcp_nodelay false\n${open}`, listeners({ noDelay: false })],
  ],
  sys_interval: [
    ['', { settings: { sysIntervalSeconds: 10 } }],
    ['sys_interval 0', { settings: { sysIntervalSeconds: 0 } }],
  ],
  upgrade_outgoing_qos: [['upgrade_outgoing_qos true', features({ upgradeOutgoingQos: true })]],
  user: [
    ['', { process: { user: 'mosquitto' } }],
    ['user ada', { process: { user: 'ada' } }],
  ],
  pid_file: [['pid_file x.pid', { process: { pidFile: resolve('x.pid') } }]],
  retry_interval: [['retry_interval 20', {}]],
  persistence: [
    ['', { settings: { storage: { memory: true } }, process: { persistence: false } }],
    [
      'persistence true\npersistence_location /var/m',
      {
        settings: { storage: { memory: false, directory: '/var/m/topiary-data', durability: 'always' } },
        process: { persistence: true },
      },
    ],
  ],
  retained_persistence: [
    ['retained_persistence true', { settings: { storage: { directory: resolve('topiary-data') } } }],
  ],
  persistence_file: [
    [
      'persistence true\npersistence_location /var/m/\npersistence_file x.db',
      {
        settings: { storage: { directory: '/var/m/topiary-data-x.db' } },
        process: { databaseFile: '/var/m/x.db' },
      },
    ],
  ],
  persistence_location: [
    [
      'persistence true\npersistence_location var',
      { settings: { storage: { directory: resolve('var/topiary-data') } } },
    ],
  ],
  autosave_interval: [['persistence true\nautosave_interval 60', { settings: { storage: { durability: 'always' } } }]],
  autosave_on_changes: [
    ['persistence true\nautosave_on_changes true', { settings: { storage: { durability: 'always' } } }],
  ],
  log_dest: [
    ['', log({ destinations: [{ kind: 'stderr' }] })],
    [
      'log_dest stdout\nlog_dest file m.log\nlog_dest syslog\nlog_dest topic',
      log({
        destinations: [
          { kind: 'stdout' },
          { kind: 'file', path: resolve('m.log') },
          { kind: 'syslog' },
          { kind: 'topic' },
        ],
      }),
    ],
    ['log_dest stderr\nlog_dest none', { ...log({ destinations: [] }), ...level('silent') }],
  ],
  log_type: [
    ['', { ...log({ types: new Set(['error', 'warning', 'notice', 'information']) }), ...level('info') }],
    ['log_type error\nlog_type warning', { ...log({ types: new Set(['error', 'warning']) }), ...level('warn') }],
    ['log_type error', level('error')],
    ['log_type all', level('debug')],
    ['log_type none', { ...log({ types: new Set() }), ...level('silent') }],
  ],
  log_facility: [
    ['', log({ facility: 'daemon' })],
    ['log_facility 7', log({ facility: 7 })],
  ],
  log_timestamp: [
    ['', log({ timestamps: true })],
    ['log_timestamp false', log({ timestamps: false })],
  ],
  log_timestamp_format: [['log_timestamp_format %Y-%m-%d %H', log({ timestampFormat: '%Y-%m-%d %H' })]],
  connection_messages: [
    ['', log({ connectionMessages: true })],
    ['connection_messages false', log({ connectionMessages: false })],
  ],
  listener: [
    ['listener 20000', listeners({ kind: 'tcp', host: '::', port: 20_000, ipv6Only: false })],
    ['listener 20000 192.0.2.1', listeners({ kind: 'tcp', host: '192.0.2.1', port: 20_000 })],
    ['listener 20000 localhost', listeners({ host: '127.0.0.1', port: 20_000 }, { host: '::1', port: 20_000 })],
    ['listener 0 /run/m q.sock', listeners({ kind: 'unix', path: '/run/m q.sock', mode: '770' })],
  ],
  port: [
    ['port 20000', listeners({ host: '::', port: 20_000 })],
    ['port 20000\nlistener 20001', listeners({ port: 20_001 }, { port: 20_000 })],
  ],
  bind_address: [['bind_address 127.0.0.1', listeners({ host: '127.0.0.1', port: 1883 })]],
  bind_interface: [
    [`${open}\nbind_interface eth7`, listeners({ host: '10.0.0.7', port: 20_000 }, { host: 'fd00::7', port: 20_000 })],
    [`${open}\nbind_interface eth7\nsocket_domain ipv4`, listeners({ host: '10.0.0.7' })],
    [`listener 20000 fd00::7\nbind_interface eth7`, listeners({ host: 'fd00::7' })],
  ],
  protocol: [
    [`${open}\nprotocol websockets`, listeners({ kind: 'websocket', port: 20_000 })],
    [`${open}\nprotocol mqtt`, listeners({ kind: 'tcp' })],
    [
      `${open}\nprotocol http_api\nhttp_dir pages`,
      {
        settings: { listeners: [] },
        httpApis: [{ host: '127.0.0.1', port: 20_000, allowAnonymous: false, httpDirectory: resolve('pages') }],
      },
    ],
    [`${open} 10.0.0.7\nprotocol http_api`, { httpApis: [{ host: '10.0.0.7', port: 20_000 }] }],
  ],
  accept_protocol_versions: [
    [`${open}\naccept_protocol_versions 4, 5`, listeners({ protocolVersions: [4, 5] })],
    [`${open}\naccept_protocol_versions 3`, listeners({ protocolVersions: [3] })],
  ],
  socket_domain: [
    [`${open}\nsocket_domain ipv4`, listeners({ host: '0.0.0.0' })],
    [`${open}\nsocket_domain ipv6`, listeners({ host: '::', ipv6Only: true })],
    ['listener 20000 localhost\nsocket_domain ipv6', listeners({ host: '::1' })],
  ],
  max_connections: [
    [`${open}\nmax_connections 3`, listeners({ maximumConnections: 3 })],
    [`${open}\nmax_connections -1`, listeners({ maximumConnections: 0 })],
  ],
  max_qos: [[`${open}\nmax_qos 1`, listeners({ maximumQos: 1 })]],
  maximum_qos: [[`${open}\nmaximum_qos 0`, listeners({ maximumQos: 0 })]],
  max_topic_alias: [
    ['', limits({ topicAliasMaximum: 10 })],
    [`${open}\nmax_topic_alias 0`, listeners({ topicAliasMaximum: 0 })],
  ],
  max_topic_alias_broker: [
    ['', limits({ outboundTopicAliasMaximum: 10 })],
    ['topiary_mosquitto_version 2.0', limits({ outboundTopicAliasMaximum: 0 })],
    [`${open}\nmax_topic_alias_broker 3`, listeners({ outboundTopicAliasMaximum: 3 })],
  ],
  mount_point: [[`${open}\nmount_point site-7/`, listeners({ mountPoint: 'site-7/' })]],
  use_username_as_clientid: [[`${open}\nuse_username_as_clientid true`, listeners({ clientIdFromUser: true })]],
  http_dir: [[`${open}\nprotocol websockets\nhttp_dir www`, listeners({ httpDirectory: resolve('www') })]],
  websockets_origin: [
    [
      `${open}\nprotocol websockets\nwebsockets_origin https://a.example\nwebsockets_origin https://b.example`,
      listeners({ allowedOrigins: ['https://a.example', 'https://b.example'] }),
    ],
  ],
  websockets_log_level: [['websockets_log_level 255', {}]],
  enable_proxy_protocol: [
    [`${open}\nenable_proxy_protocol 1`, listeners({ proxyProtocol: 1 })],
    [`${open}\nenable_proxy_protocol 2`, listeners({ proxyProtocol: 2 })],
  ],
  proxy_protocol_v2_require_tls: [
    [
      `${open}\nenable_proxy_protocol 2\nproxy_protocol_v2_require_tls true`,
      listeners({ proxyProtocol: 2, proxyRequiresTls: true }),
    ],
  ],
  certfile: [[certified, tls({ certificateFile: resolve('c.crt'), minimumVersion: 'TLSv1.2' })]],
  keyfile: [[certified, tls({ keyFile: resolve('c.key') })]],
  cafile: [[`${certified}\ncafile ca.crt`, tls({ caFile: resolve('ca.crt'), clientCertificate: 'none' })]],
  capath: [[`${certified}\ncapath ca`, tls({ caDirectory: resolve('ca') })]],
  require_certificate: [
    [`${certified}\ncafile ca.crt\nrequire_certificate true`, tls({ clientCertificate: 'required' })],
  ],
  crlfile: [[`${certified}\ncrlfile x.crl`, tls({ revocationFile: resolve('x.crl') })]],
  ciphers: [[`${certified}\nciphers A:B`, tls({ ciphers: 'A:B' })]],
  'ciphers_tls1.3': [[`${certified}\nciphers_tls1.3 C`, tls({ cipherSuites: 'C' })]],
  tls_version: [
    [`${certified}\ntls_version tlsv1.3`, tls({ minimumVersion: 'TLSv1.3' })],
    [`${certified}\ntls_version tlsv1.1`, tls({ minimumVersion: 'TLSv1.2' })],
  ],
  dhparamfile: [[`${certified}\ndhparamfile dh`, {}]],
  disable_client_cert_date_checks: [[`${certified}\ndisable_client_cert_date_checks true`, {}]],
  use_identity_as_username: [
    [
      'listener 20000\nenable_proxy_protocol 2\nuse_identity_as_username true',
      listeners({ proxyCertificateUser: true }),
    ],
    [
      `${certified}\ncafile ca\nrequire_certificate true\nuse_identity_as_username true\nuse_subject_as_username true`,
      tls({ certificateUser: 'common-name' }),
    ],
    [`${certified}\ncafile ca\nuse_identity_as_username true`, tls({ clientCertificate: 'required' })],
    [`${keyed}\nuse_identity_as_username true`, tls({ certificateUser: 'common-name' })],
    [keyed, tls({ certificateUser: 'none' })],
  ],
  use_subject_as_username: [
    [
      `${certified}\ncapath ca\nrequire_certificate true\nuse_subject_as_username true`,
      tls({ certificateUser: 'subject' }),
    ],
  ],
  tls_engine: [[`${certified}\ntls_engine x`, {}]],
  tls_engine_kpass_sha1: [[`${certified}\ntls_engine_kpass_sha1 x`, {}]],
  tls_keyform: [[`${certified}\ntls_keyform pem`, tls({ keyFile: resolve('c.key') })]],
  psk_hint: [[keyed, tls({ psk: { file: resolve('k.psk'), hint: 'h' } })]],
  topiary_mosquitto_version: [
    ['', { settings: { mosquittoVersion: '2.1' } }],
    ['topiary_mosquitto_version 2.0', { settings: { mosquittoVersion: '2.0' } }],
  ],
  topiary_rate_client_inbound_messages: [
    ['topiary_rate_client_inbound_messages 70', rate('client', 'inboundMessages')],
  ],
  topiary_rate_client_inbound_bytes: [['topiary_rate_client_inbound_bytes 70', rate('client', 'inboundBytes')]],
  topiary_rate_client_outbound_messages: [
    ['topiary_rate_client_outbound_messages 70', rate('client', 'outboundMessages')],
  ],
  topiary_rate_client_outbound_bytes: [['topiary_rate_client_outbound_bytes 70', rate('client', 'outboundBytes')]],
  topiary_rate_user_inbound_messages: [['topiary_rate_user_inbound_messages 70', rate('user', 'inboundMessages')]],
  topiary_rate_user_inbound_bytes: [['topiary_rate_user_inbound_bytes 70', rate('user', 'inboundBytes')]],
  topiary_rate_user_outbound_messages: [['topiary_rate_user_outbound_messages 70', rate('user', 'outboundMessages')]],
  topiary_rate_user_outbound_bytes: [['topiary_rate_user_outbound_bytes 70', rate('user', 'outboundBytes')]],
  topiary_rate_address_inbound_messages: [
    ['topiary_rate_address_inbound_messages 70', rate('address', 'inboundMessages')],
  ],
  topiary_rate_address_inbound_bytes: [['topiary_rate_address_inbound_bytes 70', rate('address', 'inboundBytes')]],
  topiary_rate_address_outbound_messages: [
    ['topiary_rate_address_outbound_messages 70', rate('address', 'outboundMessages')],
  ],
  topiary_rate_address_outbound_bytes: [['topiary_rate_address_outbound_bytes 70', rate('address', 'outboundBytes')]],
  topiary_rate_listener_inbound_messages: [
    ['topiary_rate_listener_inbound_messages 70', rate('listener', 'inboundMessages')],
  ],
  topiary_rate_listener_inbound_bytes: [['topiary_rate_listener_inbound_bytes 70', rate('listener', 'inboundBytes')]],
  topiary_rate_listener_outbound_messages: [
    ['topiary_rate_listener_outbound_messages 70', rate('listener', 'outboundMessages')],
  ],
  topiary_rate_listener_outbound_bytes: [
    ['topiary_rate_listener_outbound_bytes 70', rate('listener', 'outboundBytes')],
  ],
  topiary_durability: [
    ['persistence true\ntopiary_durability interval', { settings: { storage: { durability: 'interval' } } }],
  ],
  topiary_durability_interval: [
    ['persistence true\ntopiary_durability_interval 50', { settings: { storage: { intervalMs: 50 } } }],
  ],
  topiary_listener_durability: [[`${open}\ntopiary_listener_durability memory`, listeners({ durability: 'memory' })]],
  topiary_http_listener: [
    ['topiary_http_listener 20002', { settings: { http: { host: '127.0.0.1', port: 20_002 } } }],
    ['topiary_http_listener 20002 ::', { settings: { http: { host: '::', port: 20_002 } } }],
  ],
  topiary_max_connections_per_address: [
    ['topiary_max_connections_per_address 4', limits({ maximumConnectionsPerAddress: 4 })],
  ],
  topiary_connect_timeout: [['topiary_connect_timeout 3', limits({ connectTimeoutMs: 3000 })]],
  topiary_max_queued_age: [['topiary_max_queued_age 60', limits({ maximumQueuedAgeSeconds: 60 })]],
  topiary_queue_full_policy: [['topiary_queue_full_policy drop-oldest', limits({ queueFullPolicy: 'drop-oldest' })]],
  topiary_shared_subscription_strategy: [
    ['topiary_shared_subscription_strategy sticky', features({ sharedSubscriptionStrategy: 'sticky' })],
  ],
  topiary_refused_publish: [['topiary_refused_publish disconnect', features({ mqtt3RefusedPublish: 'disconnect' })]],
  topiary_strict_client_ids: [['topiary_strict_client_ids true', features({ strictMqtt31ClientIds: true })]],
  topiary_shutdown_grace: [['topiary_shutdown_grace 1', { settings: { shutdownGraceMs: 1000 } }]],
  topiary_unix_socket_mode: [['listener 0 /s\ntopiary_unix_socket_mode 660', listeners({ mode: '660' })]],
}
