import type { State } from '../conf/option.ts'

/** Something of Mosquitto that is no option, and what becomes of it here. */
export interface OtherRow {
  readonly what: string
  readonly state: State
  readonly says: string
}

const same = (what: string, says = ''): OtherRow => ({ what, state: 'same', says })
const different = (what: string, says: string): OtherRow => ({ what, state: 'different', says })
const later = (what: string, says: string): OtherRow => ({ what, state: 'later', says })
const notSupported = (what: string, says: string): OtherRow => ({ what, state: 'not supported', says })

export const otherSections: Readonly<Record<string, readonly OtherRow[]>> = {
  'Command line': [
    same('`-c FILE`, `--config-file FILE`'),
    same('`-d`, `--daemon`'),
    same('`-p PORT`, `--port PORT`', 'on loopback, up to ten, without effect where the file names a listener'),
    same('`-v`, `--verbose`'),
    same('`-q`, `--quiet`'),
    same('`--test-config`'),
    same('`-h`, `--help`, `--version`'),
    notSupported('`--tls-keylog FILE`', 'keys of connections are not written anywhere'),
    same('`MOSQUITTO_PERSISTENCE_LOCATION`'),
    notSupported('`UMASK_SET`, `PUID`, `PGID`', 'give the user with the option `user`, and the umask from outside'),
    notSupported('`MOSQUITTO_UNSAFE_ALLOW_SYMLINKS`', 'symbolic links to secret files are followed'),
    later('`MOSQUITTO_DYNSEC_PASSWORD`', 'with dynamic security'),
    notSupported('`NOTIFY_SOCKET`, `WATCHDOG_USEC`', 'use Type=simple in the unit of systemd'),
  ],
  Signals: [
    different('INT, TERM', 'as there, and 5.0 clients are told that the server shuts down (0x8B)'),
    different(
      'HUP',
      'everything is checked first and applied whole or not at all; limits and listeners are reloaded too',
    ),
    different('USR1', 'state is on disk all the time; what is still under way is written'),
    same('USR2'),
    same('RTMIN'),
    same('PIPE'),
  ],
  Files: [
    same('mosquitto.conf and the files of include_dir'),
    same('password files with $6$, $7$ and argon2id'),
    same('ACL files'),
    same('PSK files'),
    same('certificates, keys, revocation lists, directories of authorities'),
    same('pid_file'),
    later('mosquitto.db', 'it is not read yet; state begins empty in the directory topiary-data beside it'),
    later('the file of dynamic security', 'with dynamic security'),
    notSupported('mosquitto.sqlite3', 'it is not read; state begins empty in the directory topiary-data beside it'),
  ],
  'Topics below $SYS/broker/': [
    same('version, uptime'),
    same('clients/total, maximum, connected, disconnected, active, inactive, expired'),
    same('messages/received, sent, stored'),
    different('store/messages/count, bytes', 'what our store holds: messages that wait and retained ones'),
    same('subscriptions/count, shared_subscriptions/count, retained messages/count'),
    same('bytes/received, sent'),
    same('publish/bytes/received, sent; publish/messages/received, sent, dropped'),
    same('packet/out/count, bytes; connections/socket/count'),
    same('load/.../1min, 5min, 15min'),
    different('heap/current, heap/maximum', 'bytes that Node.js has in use for objects'),
    same('log/E, W, N, I and log/M/subscribe, log/M/unsubscribe', 'with log_dest topic'),
    later('connection/NAME/state', 'with bridges'),
    later('$CONTROL/dynamic-security/v1, $CONTROL/broker/v1', 'with dynamic security'),
  ],
  'Lines of the log': [
    same('mosquitto version X starting, running, terminating'),
    same('Config loaded from FILE.'),
    same('Opening ipv4 (ipv6, unix, websockets) listen socket on port N.'),
    same('New connection from IP:PORT on port N.'),
    same("New client connected from IP:PORT as ID (p5, c1, k60, u'user')."),
    same('Client ID [IP:PORT] disconnected: REASON.'),
    same('Reloading config.'),
    different('Saving in-memory database to FILE.', 'written at USR1, though nothing is in memory alone'),
    later('New bridge connected from ...', 'with bridges'),
  ],
  Tools: [
    same('mosquitto_pub, mosquitto_sub, mosquitto_rr'),
    same('mosquitto_passwd', '`topiary passwd` takes -c -b -D -U -H -I too'),
    same('mosquitto_signal', 'it sends signals'),
    later('mosquitto_ctrl dynsec', 'with dynamic security'),
    later('db_dump', 'with the import of mosquitto.db'),
  ],
}
