import { afterAll, describe, expect, it } from 'vitest'
import { confLines } from '../../mosquitto-compat/conf/conf-line.ts'
import { inIncludeOrder } from '../../mosquitto-compat/conf/include-order.ts'
import { loadMosquittoConf } from '../../mosquitto-compat/load-mosquitto-conf.ts'
import { ConfDirectory, faultsOf, load, machine } from './conf-files.ts'

const directory = new ConfDirectory()
afterAll(() => directory.remove())

describe('a line of mosquitto.conf', () => {
  it.each([
    ['a comment is one in the first column', '# sys_interval 1', []],
    ['an empty line says nothing', '\n   \n', []],
    ['blanks around key and value are taken away', '  user   ada  ', [['user', 'ada']]],
    ['a value may hold blanks', 'acl_file /my files/acl', [['acl_file', '/my files/acl']]],
    [
      'a line may end as in Windows',
      'user ada\r\nport 1\r\n',
      [
        ['user', 'ada'],
        ['port', '1'],
      ],
    ],
    ['quotes and # stand for themselves', 'user "a" # b', [['user', '"a" # b']]],
    ['a value may be missing', 'user', [['user', '']]],
  ])('%s', (_, text, expected) => {
    expect(confLines('f', text).map(({ key, value }) => [key, value])).toEqual(expected)
  })

  it('is known by file and number', () => {
    expect(confLines('f', '#\n\nuser a\nport 1').map(({ place }) => place)).toEqual(['f:3', 'f:4'])
  })
})

describe('include_dir', () => {
  const names = ['b.conf', 'B.conf', 'aa.conf', 'a.conf', 'A.conf', '10.conf', '9.conf', 'AB.conf', 'ab.conf', '_.conf']

  it('orders digits, then each letter with the upper one first', () => {
    const ordered = [
      '10.conf',
      '9.conf',
      'A.conf',
      'AB.conf',
      'a.conf',
      'aa.conf',
      'ab.conf',
      'B.conf',
      'b.conf',
      '_.conf',
    ]
    expect(names.toSorted(inIncludeOrder)).toEqual(ordered)
  })

  it('reads its files where it stands, each directory whole, those ending in .conf only', () => {
    for (const [index, name] of ['a/2.conf', 'a/1.conf', 'b/1.conf', 'b/x.txt'].entries()) {
      directory.write(name, name === 'b/x.txt' ? 'nonsense' : `max_keepalive ${index + 1}`)
    }
    const file = directory.write(
      'main.conf',
      `max_keepalive 9\ninclude_dir ${directory.path}/a/\ninclude_dir ${directory.path}/b`,
    )
    const { conf, settings } = loadMosquittoConf({ file, machine })
    const read = conf.lines.filter(({ name }) => name === 'max_keepalive').map(({ value }) => value)
    expect(read).toEqual(['9', '2', '1', '3'])
    expect(settings.limits.maximumKeepAliveSeconds).toBe(3)
  })

  it('holds for the listener before it', () => {
    directory.write('l/1.conf', 'max_qos 1')
    const file = directory.write('l.conf', `listener 20000\ninclude_dir ${directory.path}/l\nmax_connections 2`)
    const { settings } = loadMosquittoConf({ file, machine })
    expect(settings.listeners).toMatchObject([{ maximumQos: 1, maximumConnections: 2 }])
  })

  it('may stand in the main file only, and names a directory', () => {
    directory.write('n/1.conf', `user a\ninclude_dir ${directory.path}/a`)
    const nested = directory.write('nested.conf', `include_dir ${directory.path}/n`)
    const fault = `${directory.path}/n/1.conf:2: include_dir may stand only in the main file; move it there`
    expect(faultsOf(() => loadMosquittoConf({ file: nested }))).toEqual([fault])
    const missing = directory.write('missing.conf', '\ninclude_dir /nowhere/at/all')
    const [gone] = faultsOf(() => loadMosquittoConf({ file: missing }))
    expect(gone).toMatch(`${missing}:2: cannot read the directory /nowhere/at/all: ENOENT`)
  })

  it('tells of a file that cannot be read', () => {
    expect(faultsOf(() => loadMosquittoConf({ file: '/nowhere.conf' }))).toEqual([
      expect.stringMatching(/^\/nowhere\.conf: cannot be read: ENOENT/),
    ])
  })
})

describe('a mosquitto.conf that is wrong', () => {
  it('is told all of it at once', () => {
    const text = 'sys_intervall 1\nmax_qos 3\nallow_anonymous yes\nlistener 70000\nuser\n'
    expect(faultsOf(() => load(text))).toEqual([
      'f:1: there is no option sys_intervall; did you mean sys_interval?',
      'f:2: max_qos takes a whole number from 0 to 2, not "3"',
      'f:3: allow_anonymous takes true or false, not "yes"',
      'f:4: listener takes a port from 0 to 65535 first, not "70000"',
      'f:5: user needs a value: the rest of the line',
    ])
  })

  it.each([
    ['unknown', 'qwertzuiop 1', 'f:1: there is no option qwertzuiop'],
    ['a comment further in', ' # x', 'f:1: a comment must begin in the first column; take away the blanks before it'],
    ['a tab', 'user\tada', 'f:1: an option ends at a space, not at a tab; write a space behind user'],
    [
      'a text twice',
      'pid_file a\npid_file b',
      'f:2: pid_file is given a second time, after f:1; leave one of them out',
    ],
    [
      'a version twice',
      'listener 1\ntls_version tlsv1.2\ntls_version tlsv1.2',
      'f:3: tls_version is given a second time, after f:2; leave one of them out',
    ],
    ['log_dest file twice', 'log_dest file a\nlog_dest file b', 'f:2: log_dest file is given a second time; keep one'],
    ['log_dest file without path', 'log_dest file', 'f:1: log_dest file needs a path: log_dest file PATH'],
    ['log_dest', 'log_dest x', 'f:1: log_dest takes none, stdout, stderr, syslog, topic or file PATH, not "x"'],
    ['port 0 without path', 'listener 0', 'f:1: listener 0 needs the path of a Unix socket: listener 0 PATH'],
    [
      'a mount point before listeners',
      'mount_point a',
      'f:1: mount_point stands before any listener; write it below a line "listener PORT"',
    ],
    [
      'a mount point with wildcards',
      'listener 1\nmount_point a/+/',
      'f:2: mount_point takes a prefix of topics without wildcards',
    ],
    [
      'versions',
      'listener 1\naccept_protocol_versions 3,6',
      'f:2: accept_protocol_versions takes 3, 4 and 5 with commas between them, not "3,6"',
    ],
    [
      'per_listener_settings too late',
      'acl_file a\nper_listener_settings true',
      'f:2: per_listener_settings must stand before users, rights and plugins; move it to the top',
    ],
    [
      'a bridge option alone',
      'address h',
      'f:1: address stands before any bridge; write it below a line "connection NAME"',
    ],
    [
      'a plugin option alone',
      'plugin_opt_x y',
      'f:1: plugin_opt_x stands before any plugin; write it below a line "plugin PATH"',
    ],
    [
      'an interface that is not there',
      'listener 1\nbind_interface eth9',
      'f:2: the interface eth9 has no ipv4 or ipv6 address; "ip address" lists those there are',
    ],
    [
      'an address of the other family',
      'listener 1 127.0.0.1\nsocket_domain ipv6',
      'f:1: 127.0.0.1 is no address of socket_domain ipv6; change one of them',
    ],
    ['HTTP on a Unix socket', 'listener 0 /s\nprotocol http_api', 'f:2: a Unix socket takes protocol mqtt only'],
    [
      'HTTP behind a proxy',
      'listener 1\nprotocol http_api\nenable_proxy_protocol 2',
      'f:3: enable_proxy_protocol does not go with protocol http_api',
    ],
    ['HTTP with half of TLS', 'listener 1\nprotocol http_api\ncertfile c', /certfile and keyfile belong together/],
    ['WebSocket on a Unix socket', 'listener 0 /s\nprotocol websockets', 'f:2: a Unix socket takes protocol mqtt only'],
    [
      'HTTP on a name',
      'topiary_http_listener 1 host',
      'f:1: topiary_http_listener takes a port and an IP address, not "1 host"',
    ],
    ['a mode of a socket', 'listener 0 /s\ntopiary_unix_socket_mode 9', /^f:2: .*mode/],
    ['a zero byte', 'user a\0b', 'f:1: user has a zero byte in its value'],
  ])('%s', (_, text, fault) => {
    expect(faultsOf(() => load(text))).toEqual([fault instanceof RegExp ? expect.stringMatching(fault) : fault])
  })

  it('is asked for ten ports at most', () => {
    const ports = Array.from({ length: 11 }, (_, index) => 20_000 + index)
    expect(faultsOf(() => load('', { ports }))).toEqual(['-p: at most 10 ports, not 11'])
  })
})

describe('what is told', () => {
  it.each([
    ['more words than count', 'sys_interval 5 seconds', 'f:1: sys_interval: only "5" counts, what follows is ignored'],
    ['a second port', 'port 1\nport 2', 'f:2: port is given a second time; this one holds'],
    [
      'a value before the first listener',
      'tls_version tlsv1.3\nlistener 1',
      'f:1: tls_version stands before the first listener and has no effect there',
    ],
    ['what is deprecated', 'allow_duplicate_messages true', 'f:1: allow_duplicate_messages is deprecated in Mosquitto'],
    [
      'an effect that is missing',
      'listener 1\nhttp_dir x',
      'f:2: http_dir has no effect without protocol websockets or http_api',
    ],
    [
      'durability without persistence',
      'topiary_durability memory',
      'f:1: topiary_durability has no effect without persistence true',
    ],
  ])('%s', (_, text, notice) => {
    expect(load(text).notices).toContain(notice)
  })

  it('an option of 2.1 under 2.0 is used, and told of', () => {
    const { settings, notices } = load('topiary_mosquitto_version 2.0\nglobal_max_connections 5')
    expect(settings.limits.maximumConnections).toBe(5)
    expect(notices).toEqual([
      'f:2: Mosquitto 2.0 does not have global_max_connections, which came with 2.1; it is used all the same',
    ])
  })

  it.each([
    ['memory_limit 5', /^f:1: memory_limit: memory is bounded/],
    ['packet_buffer_size 5', /^f:1: packet_buffer_size: buffers have/],
    ['connection a\naddress h', /^f:1: connection: bridges are read and checked, and not started yet$/],
    ['log_dest dlt', /^f:1: log_dest dlt is not supported/],
    ['listener 1\nrequire_certificate true', /^f:2: require_certificate has no effect without certfile/],
    [
      'persistence_location /nowhere\nplugin /lib/mosquitto_persist_sqlite.so',
      /^f:2: mosquitto_persist_sqlite is not loaded/,
    ],
    ['plugin /lib/mosquitto_sparkplug_aware.so', /^f:1: mosquitto_sparkplug_aware is not loaded/],
  ])('warns of %j', (text, warning) => {
    expect(load(text).warnings).toEqual([expect.stringMatching(warning)])
  })

  it('warns that what Mosquitto kept is not read', () => {
    const database = directory.write('kept/mosquitto.db', '')
    const text = `persistence_location ${directory.path}/kept\npersistence true`
    const warning = `f:2: ${database} is not read: sessions and retained messages begin anew in ${directory.path}/kept/topiary-data`
    expect(load(text).warnings).toEqual([warning])
    directory.write('kept/topiary-data/x', '')
    expect(load(text).warnings).toEqual([])
  })

  it('is nothing where all is well', () => {
    const { notices, warnings } = load(
      'listener 20000\nallow_anonymous true\npersistence true\npersistence_location /nowhere\nlog_dest file x',
    )
    expect({ notices, warnings }).toEqual({ notices: [], warnings: [] })
  })
})
