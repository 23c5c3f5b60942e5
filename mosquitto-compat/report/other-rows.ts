import type { State } from '../conf/option.ts'

/** Something of Mosquitto that is no option, and what becomes of it here. */
export interface OtherRow {
  readonly what: string
  readonly state: State
  readonly says: string
  /** Of what is the same, `FILE of test/: title` of the test that shows it. */
  readonly test?: string
}

const same = (what: string, test: string, says = ''): OtherRow => ({ what, state: 'same', says, test })
const different = (what: string, says: string): OtherRow => ({ what, state: 'different', says })
const later = (what: string, says: string): OtherRow => ({ what, state: 'later', says })
const notSupported = (what: string, says: string): OtherRow => ({ what, state: 'not supported', says })

const flagged = (title: string): string => `mosquitto-compat/run/command-line.test.ts: ${title}`
const signalled = (title: string): string => `mosquitto-compat/run/signals.test.ts: ${title}`
const logged = (title: string): string => `mosquitto-compat/run/log-destinations.test.ts: ${title}`
const around = (title: string): string => `mosquitto-compat/run/surroundings.test.ts: ${title}`
const lines = signalled('tells the lines that scripts wait for, in their order, and ends with 0')
const beside = 'mosquitto-compat/sys-topics.test.ts: has the same values, where they can be the same'
const forms = 'mosquitto-compat/sys-topics.test.ts: has every topic of it, in the same form'
const standing = 'broker/sys-topics.test.ts: says how things stand'

export const otherSections: Readonly<Record<string, readonly OtherRow[]>> = {
  'Command line and environment': [
    same('`-c FILE`, `--config-file FILE`', lines),
    same('`-d`, `--daemon`', flagged('-d returns once the broker runs, and leaves it running')),
    same(
      '`-p PORT`, `--port PORT`',
      flagged('-p listens for clients of this machine only, and says so'),
      'on loopback, up to ten, without effect where the file names a listener',
    ),
    same('`-v`, `--verbose`', flagged('-v logs everything and -q nothing, whatever the file says')),
    same('`-q`, `--quiet`', flagged('-v logs everything and -q nothing, whatever the file says')),
    same('`--test-config`', flagged('--test-config says whether a file, and all it names, is good')),
    same('`-h`, `--help`, `--version`', flagged('%j ends with %d')),
    notSupported('`--tls-keylog FILE`', 'keys of connections are not written anywhere'),
    same('`MOSQUITTO_PERSISTENCE_LOCATION`', around('MOSQUITTO_PERSISTENCE_LOCATION says where state is kept')),
    same('`PUID`, `PGID`', around('PUID and PGID choose whom a broker started by root becomes')),
    notSupported('`UMASK_SET`', 'set the umask where the broker is started'),
    notSupported('`MOSQUITTO_UNSAFE_ALLOW_SYMLINKS`', 'symbolic links to secret files are followed'),
    later('`MOSQUITTO_DYNSEC_PASSWORD`', 'with dynamic security'),
    notSupported('`NOTIFY_SOCKET`, `WATCHDOG_USEC`', 'use Type=simple in the unit of systemd'),
    same(
      '`TOPIARY_MOSQUITTO_VERSION`',
      around('TOPIARY_MOSQUITTO_VERSION chooses whose rules hold, before the file'),
      'of Topiary alone: 2.0 or 2.1, in the place of topiary_mosquitto_version',
    ),
  ],
  Signals: [
    different('INT, TERM', 'as there, and 5.0 clients are told that the server shuts down (0x8B)'),
    different(
      'HUP',
      'everything is checked first and applied whole or not at all; limits and listeners are reloaded too',
    ),
    different('USR1', 'state is on disk all the time; what is still under way is written'),
    same('USR2', signalled('SIGUSR1 saves, SIGUSR2 prints subscriptions and retained topics')),
    same('RTMIN', signalled('SIGRTMIN, or a log file that was moved away, has the log go on in a new one')),
    same('PIPE', around('SIGPIPE is ignored')),
  ],
  Files: [
    same(
      'mosquitto.conf and the files of include_dir',
      'mosquitto-compat/conf-grammar.test.ts: reads its files where it stands, each directory whole, those ending in .conf only',
    ),
    same(
      'password files with $6$, $7$ and argon2id',
      'clients/mosquitto-passwd.test.ts: files that mosquitto_passwd makes and adds to with -c and -b are read',
    ),
    same('ACL files', 'auth/acl.test.ts: $what, $version: $who may $wanted $topic: $answer'),
    same('PSK files', 'transport/psk.test.ts: name the user where the identity is to be taken for it'),
    same(
      'certificates, keys, revocation lists, directories of authorities',
      'transport/client-certificates.test.ts: revocation lists of several authorities may be in one file',
    ),
    same('pid_file', lines),
    later('mosquitto.db', 'it is not read yet; state begins empty in the directory topiary-data beside it'),
    later('the file of dynamic security', 'with dynamic security'),
    notSupported('mosquitto.sqlite3', 'it is not read; state begins empty in the directory topiary-data beside it'),
  ],
  'Topics below $SYS/broker/': [
    same('version, uptime', forms),
    same('clients/total, connected, disconnected, active, inactive, expired', beside),
    same('clients/maximum', beside, 'the most at any moment; 2.0 counts at each update'),
    same('messages/received', beside),
    same('messages/sent', forms, 'more than there by the topics that $SYS has more of here'),
    different(
      'messages/stored; store/messages/count, bytes',
      'what our store holds: messages that wait and retained ones; bytes with topics and properties',
    ),
    same('subscriptions/count, shared_subscriptions/count', beside),
    same(
      'retained messages/count',
      'mosquitto-compat/sys-topics.test.ts: retains as much beside $SYS itself',
      'with the topics of $SYS itself, as there',
    ),
    same('bytes/received; publish/bytes/received', beside),
    same('bytes/sent; publish/bytes/sent, publish/messages/sent', forms),
    same('publish/messages/received', beside, '2.0 leaves out those that are retained or of QoS 2'),
    same('publish/messages/dropped', beside),
    same('packet/out/count, bytes; connections/socket/count', standing),
    same('load/.../1min, 5min, 15min', forms),
    different('heap/current, heap/maximum', 'bytes that Node.js has in use for objects'),
    same(
      'log/E, W, N, I and log/M/subscribe, log/M/unsubscribe',
      logged('log_dest topic publishes lines, each type on its topic'),
      'with log_dest topic',
    ),
    later('connection/NAME/state', 'with bridges'),
  ],
  'Topics below $CONTROL': [
    same(
      'broker/v1',
      'mosquitto-compat/run/control-api.test.ts: answers %j',
      'with enable_control_api; listPlugins names none, since none can be loaded',
    ),
    later('dynamic-security/v1', 'with dynamic security'),
  ],
  'The API over HTTP (protocol http_api)': [
    different(
      '/api/v1/systree, /api/v1/listeners, /api/v1/version',
      'the same pages; a user without the right to one is answered 403, and heap is of Node.js',
    ),
    same('http_dir', 'mosquitto-compat/run/http-api.test.ts: %s by %s is %d'),
    same('logins', 'mosquitto-compat/run/http-api.test.ts: lets %s read %s: %d'),
  ],
  'Lines of the log': [
    same('mosquitto version X starting, running, terminating', lines),
    same('Config loaded from FILE.', lines),
    same('Opening ipv4 (ipv6, unix, websockets) listen socket on port N.', around('names every socket that is opened')),
    same('New connection from IP:PORT on port N.', around('says who comes, and that it reads its conf again')),
    same(
      "New client connected from IP:PORT as ID (p5, c1, k60, u'user').",
      around('says who comes, and that it reads its conf again'),
    ),
    same('Client ID [IP:PORT] disconnected: REASON.', around('says why a client has gone')),
    same('Reloading config.', around('says who comes, and that it reads its conf again')),
    different('Saving in-memory database to FILE.', 'written at USR1, though nothing is in memory alone'),
    later('New bridge connected from ...', 'with bridges'),
  ],
  Tools: [
    same('mosquitto_pub, mosquitto_sub', 'clients/mosquitto-clients.test.ts: delivers at the lower of the two QoS'),
    same('mosquitto_rr', 'clients/mosquitto-clients.test.ts: answers mosquitto_rr over ${version}'),
    same(
      'mosquitto_passwd',
      'clients/mosquitto-passwd.test.ts: what it hashes with -U is read',
      '`topiary passwd` takes -c -b -D -U -H -I too',
    ),
    different('mosquitto_signal', 'with -p PID it sends its signals; -a looks for processes named mosquitto'),
    later('mosquitto_ctrl dynsec', 'with dynamic security'),
    later('db_dump', 'with the import of mosquitto.db'),
  ],
}
