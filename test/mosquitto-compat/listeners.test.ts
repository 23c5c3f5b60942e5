import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { faultsOf, load, machine } from './conf-files.ts'

const everywhere = { host: '::', port: 1883, allowAnonymous: false }
const thisMachine = [
  { host: '127.0.0.1', port: 1883, allowAnonymous: true },
  { host: '::1', port: 1883, allowAnonymous: true },
]

describe('without a listener', () => {
  it.each([
    '',
    'password_file p',
    'acl_file a',
    'max_topic_alias 1',
    'tls_version tlsv1.2',
    'max_qos 2',
    'protocol mqtt',
  ])('%j keeps to this machine and lets anonymous clients in', (text) => {
    expect(load(text).settings.listeners).toMatchObject(thisMachine)
  })

  it.each([
    'bind_address ::',
    'max_connections 1',
    'max_qos 1',
    'socket_domain ipv6',
    'require_certificate true',
    'use_username_as_clientid true',
    'per_listener_settings true\npassword_file p',
  ])('%j makes the default listener, closed to anonymous clients', (text) => {
    expect(load(text).settings.listeners).toMatchObject([everywhere])
  })

  it('listens at the ports of -p, both addresses each', () => {
    const { listeners } = load('', { ports: [20_000, 20_001] }).settings
    expect(listeners).toMatchObject([
      { host: '127.0.0.1', port: 20_000 },
      { host: '::1', port: 20_000 },
      { host: '127.0.0.1', port: 20_001 },
      { host: '::1', port: 20_001 },
    ])
  })

  it('never becomes open to others by listener_allow_anonymous alone', () => {
    expect(load('listener_allow_anonymous true').settings.listeners).toMatchObject(thisMachine)
  })

  it('takes no IPv6 address on a machine that has none', () => {
    const more = { machine: { ...machine, hasIpv6: false } }
    expect(load('', more).settings.listeners).toMatchObject([thisMachine[0]])
    expect(load('listener 20000', more).settings.listeners).toMatchObject([{ host: '0.0.0.0' }])
  })
})

describe('with a listener', () => {
  it('ignores -p and says so', () => {
    const { settings, notices } = load('listener 20005', { ports: [20_000] })
    expect(settings.listeners).toMatchObject([{ port: 20_005 }])
    expect(notices).toEqual(['-p has no effect, since the file names listeners'])
  })

  it('keeps apart what was said of one and of another', () => {
    const text = 'listener 20000\nmax_qos 1\nlistener 20001\nmax_connections 5\nlistener 0 /s\nmount_point m/'
    const { listeners } = load(text).settings
    expect(listeners).toMatchObject([{ maximumQos: 1 }, { maximumConnections: 5 }, { kind: 'unix', mountPoint: 'm/' }])
    expect(listeners[1]?.maximumQos).toBeUndefined()
  })

  it('takes no access of the default listener for another under per_listener_settings', () => {
    const { listeners } = load('per_listener_settings true\nallow_anonymous true\nlistener 20000').settings
    expect(listeners).toMatchObject([{ port: 20_000, allowAnonymous: false }])
    expect(listeners).toHaveLength(1)
  })

  it('opens no usual ones where its own cannot be opened', () => {
    expect(load('listener 20000\nprotocol http_api').settings.listeners).toEqual([])
  })

  it.each([
    ['certfile alone', 'certfile c', 'f:2: certfile and keyfile belong together; give both or neither'],
    ['keyfile alone', 'keyfile k', 'f:2: certfile and keyfile belong together; give both or neither'],
    ['authorities alone', 'cafile c', 'f:2: cafile and capath need certfile and keyfile; without them there is no TLS'],
    ['keys without a file', 'psk_hint h', 'f:2: psk_hint needs the keys: psk_file FILE'],
    ['an engine', 'tls_keyform engine', 'f:2: engines of OpenSSL are not loaded; give the key as a PEM file'],
    [
      'TLS only of version 2',
      'enable_proxy_protocol 1\nproxy_protocol_v2_require_tls 1',
      'f:3: proxy_protocol_v2_require_tls needs enable_proxy_protocol 2',
    ],
    [
      'client certificates without authorities',
      'certfile c\nkeyfile k\nrequire_certificate true',
      'f:4: client certificates need cafile or capath: the authorities that are believed',
    ],
  ])('refuses %s', (_, lines, fault) => {
    expect(faultsOf(() => load(`listener 20000\n${lines}`))).toEqual([fault])
  })

  it('refuses TLS of two kinds, and TLS behind a proxy', () => {
    const certified = 'psk_file p\nlistener 20000\ncertfile c\nkeyfile k'
    expect(faultsOf(() => load(`${certified}\npsk_hint h`))).toEqual([
      'f:5: psk_hint cannot stand beside certfile and keyfile; make two listeners',
    ])
    expect(faultsOf(() => load(`${certified}\nenable_proxy_protocol 2`))).toEqual([
      'f:3: certfile cannot stand beside enable_proxy_protocol',
      'f:4: keyfile cannot stand beside enable_proxy_protocol',
    ])
  })
})

describe('plugins', () => {
  const password = 'plugin /usr/lib/mosquitto_password_file.so\nplugin_opt_password_file p'
  const acl = 'plugin /usr/lib/mosquitto_acl_file.so\nplugin_opt_acl_file a'

  it('of files become these files', () => {
    expect(load(`${password}\n${acl}`).settings).toMatchObject({
      authentication: { passwordFile: resolve('p') },
      aclFile: resolve('a'),
    })
  })

  it('of one listener are for that one', () => {
    const { settings } = load(`per_listener_settings true\nlistener 20000\n${acl}\nlistener 20001\n${password}`)
    expect(settings.listeners).toMatchObject([
      { access: { aclFile: resolve('a') } },
      { access: { passwordFile: resolve('p') } },
    ])
    expect(settings.aclFile).toBeUndefined()
  })

  it('loaded once are for the listeners that use them', () => {
    const text =
      'plugin_load mine /x/mosquitto_acl_file.so\nplugin_opt_acl_file a\nlistener 20000\nlistener 20001\nplugin_use mine'
    const { listeners } = load(text).settings
    expect(listeners.map((listener) => listener.access)).toEqual([undefined, { aclFile: resolve('a') }])
  })

  it('of one listener leave it what is there for all', () => {
    const text =
      'password_file p\nplugin_load mine mosquitto_acl_file.so\nplugin_opt_acl_file a\nlistener 20000\nplugin_use mine'
    expect(load(text).settings.listeners).toMatchObject([
      { access: { aclFile: resolve('a'), passwordFile: resolve('p') } },
    ])
  })

  it.each([
    ['plugin /usr/lib/mosquitto_dynamic_security.so', /dynamic security is not there yet/],
    ['plugin /opt/auth.so', /plugins of Mosquitto cannot be loaded/],
    ['auth_plugin /opt/auth.so\nauth_opt_x y', /plugins of Mosquitto cannot be loaded/],
    ['global_plugin /opt/auth.so', /plugins of Mosquitto cannot be loaded/],
    ['plugin_load a /opt/auth.so', /plugins of Mosquitto cannot be loaded/],
    ['plugin mosquitto_acl_file.so', /needs its file: plugin_opt_acl_file FILE/],
    [`${password}\npassword_file q`, /there is such a file already/],
    [`${acl}\n${acl}`, /there is such a plugin already, at f:2; keep one/],
    ['plugin_use mine', /there is no plugin of the name mine/],
    ['plugin_load mine', /needs a name and a path/],
    ['persistence true\nplugin mosquitto_persist_sqlite.so', /there is persistence true already/],
  ])('that are missing or wrong stop the start: %j', (text, fault) => {
    expect(faultsOf(() => load(text))).toEqual([expect.stringMatching(fault)])
  })

  it('of persistence become it', () => {
    const { settings } = load('plugin mosquitto_persist_sqlite.so\npersistence_location /var/m')
    expect(settings.storage).toMatchObject({ memory: false, directory: '/var/m/topiary-data' })
  })
})

describe('bridges', () => {
  const bridge = 'connection a\naddress h:1'

  it.each([
    ['connection a', 'f:1: bridge a has no address; add a line "address HOST:PORT"'],
    [`${bridge}\n${bridge}`, 'f:3: there is a bridge of this name already, at f:1; rename one'],
    [`${bridge}\naddresses i`, 'f:1: bridge a has both address and addresses; keep one of them'],
    ['connection a\naddress h:0', 'f:1: bridge a takes HOST or HOST:PORT as its address, not "h:0"'],
    [`${bridge}\ntopic # sideways`, 'f:3: topic takes out, in or both, not "sideways"'],
    [`${bridge}\ntopic # out 3`, 'f:3: topic takes 0, 1 or 2 as its QoS, not "3"'],
    [`${bridge}\ntopic # out 1 a/+/ b/`, 'f:3: topic takes prefixes without wildcards, not "a/+/"'],
    [`${bridge}\ntopic "" out 1 a ""`, 'f:3: topic needs both prefixes where the pattern is empty'],
    [`${bridge}\ntopic a# out`, 'f:3: topic makes "a#", which is no topic filter'],
    [
      `${bridge}\ntopic # out 1 a/ b/ c`,
      'f:3: topic has too much in it: PATTERN DIRECTION QOS LOCAL_PREFIX REMOTE_PREFIX is all',
    ],
    [
      `${bridge}\nrestart_timeout soon`,
      'f:1: bridge a takes one to three numbers of seconds as restart_timeout: BASE CAP STABLE',
    ],
    [`${bridge}\nbridge_psk 00`, 'f:1: bridge a needs bridge_identity and bridge_psk together, or neither'],
    [`${bridge}\nbridge_identity i\nbridge_psk xy`, 'f:1: bridge a takes hexadecimal digits as bridge_psk'],
    [
      `${bridge}\nbridge_identity i\nbridge_psk 00\nbridge_cafile c`,
      'f:1: bridge a has both certificates and a pre-shared key; keep one of them',
    ],
    [`${bridge}\nbridge_keyfile k`, 'f:1: bridge a needs bridge_certfile and bridge_keyfile together, or neither'],
    [
      `${bridge}\nlocal_clientid l\nconnection b\naddress h\nlocal_clientid l`,
      'f:6: local_clientid is that of another bridge too, at f:3',
    ],
  ])('with a mistake are refused though they are not started: %j', (text, fault) => {
    expect(faultsOf(() => load(text))).toEqual([fault])
  })

  it.each(['"my topic/#" both 2', '"" in 0 local/topic remote/topic', 'a/+/b IN 1 "" remote/'])(
    'take topic %s',
    (topic) => {
      expect(faultsOf(() => load(`${bridge}\ntopic ${topic}`))).toEqual([])
    },
  )
})
