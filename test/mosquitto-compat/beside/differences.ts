/** Which comparison a difference shows in. */
export type Part = 'access' | 'conf' | 'stock' | 'web' | 'log'

/** What is known to be different, and on purpose. A row that no case needs any more fails a test. */
export interface Difference {
  readonly part: Part
  /** Of the text of the conf: where the row holds. */
  readonly given?: RegExp
  /** Of the name of the observation. */
  readonly what: RegExp
  /** What each says, as JSON text. */
  readonly mosquitto: RegExp
  readonly topiary: RegExp
  readonly why: string
  /** Mosquitto does it now and then: nothing can be said of whether a case needs it. */
  readonly isOfChance?: true
}

export const differences: readonly Difference[] = [
  {
    part: 'access',
    what: /^connect of a user on two lines$/,
    mosquitto: /"0x(?:0|5|87)"/,
    topiary: /"0x(?:0|5|87)"/,
    why: 'of two lines of a user 2.0.11 takes the last; later ones of 2.0 take the first and warn, as here',
  },
  {
    part: 'access',
    what: /^connect.*: serverKeepAlive$/,
    mosquitto: /^65535$/,
    topiary: /^nothing$/,
    why: '2.0.11 makes of "no keep alive" the longest one there is; here it stays none',
  },
  {
    part: 'conf',
    what: /^v5 .*: serverKeepAlive$/,
    mosquitto: /^65535$/,
    topiary: /^nothing$/,
    why: '2.0.11 makes of "no keep alive" the longest one there is; here it stays none',
  },
  {
    part: 'conf',
    given: /^max_keepalive/m,
    what: /^v[34] keep alive \d+: connect$/,
    mosquitto: /^"0x0"$/,
    topiary: /^"0x2"$/,
    why: '2.0.11 asks max_keepalive of 5.0 clients only; later ones of 2.0 refuse the others, as here',
  },
  {
    part: 'conf',
    what: /^v5 subscriber gets o\/x$/,
    mosquitto: /^\["(o\/x q\d r0 o\/x)","\1"\]$/,
    topiary: /^\["o\/x q\d r0 o\/x"\]$/,
    why: 'without allow_duplicate_messages a 5.0 client gets one message for all of its subscriptions that match, as a 3.x client',
  },
  {
    part: 'conf',
    given: /^mount_point/m,
    what: /^(?:v\d subscriber gets .*|retained)$/,
    mosquitto: /^\["(?:mp\/|p)/,
    topiary: /^\["(?!mp\/|pp)/,
    why: '2.0.11 leaves the mount point before the topics that it delivers; it is taken away, as the manual says',
  },
  {
    part: 'conf',
    what: /^v5 publish of 150 bytes at QoS 0$/,
    mosquitto: /^"closed"$/,
    topiary: /^"closed with 0x95"$/,
    why: 'a 5.0 client is told why it is disconnected',
  },
  {
    part: 'conf',
    what: /^v5 no id(?:, session)?: connect$/,
    mosquitto: /^"0x80"$/,
    topiary: /^"0x85"$/,
    why: 'a missing client identifier is answered with the code that MQTT has for it',
  },
  {
    part: 'conf',
    given: /^use_username_as_clientid (?:true|1)/m,
    what: /^first of the same user$/,
    mosquitto: /^"closed"$/,
    topiary: /^"closed with 0x8e"$/,
    why: 'a 5.0 client is told that its session was taken over',
  },
  {
    part: 'conf',
    given: /^max_queued_(?:messages|bytes) [1-9]/m,
    what: /^v\d offline: (?:at once|kept|light)$/,
    mosquitto: /^\[/,
    topiary: /^\[/,
    why: 'max_queued_messages and max_queued_bytes count what is under way too: see the table of options',
  },
  {
    part: 'conf',
    given: /^max_inflight_bytes [1-9]/m,
    what: /^v\d offline: (?:at once|kept|light)$/,
    mosquitto: /^\[/,
    topiary: /^\["(?:kept|light) 0/,
    why: '2.0.11 forgets max_inflight_bytes for a client that comes back, and loses messages that it bounds',
  },
  {
    part: 'conf',
    what: /^starts with (?:certfile|keyfile|cafile|psk_hint) /,
    mosquitto: /^true$/,
    topiary: /^false$/,
    why: 'TLS with half of its files does not become a listener without TLS',
  },
  {
    part: 'conf',
    what: /^starts with (?:max_connections|message_size_limit|autosave_interval) x$/,
    mosquitto: /^true$/,
    topiary: /^false$/,
    why: '2.0.11 takes for 0 what is no number; 2.1 refuses it, as here',
  },
  {
    part: 'conf',
    given: /^mount_point/m,
    what: /^v\d subscriber gets s$/,
    mosquitto: /^\[\]$/,
    topiary: /^\["s q/,
    why: '2.0.11 puts the mount point before $share too, so that nobody is in the group',
  },
  {
    part: 'conf',
    given: /^message_size_limit [1-9]/m,
    what: /^v\d publish of 150 bytes at QoS [02]$/,
    mosquitto: /^"closed"$/,
    topiary: /^"(?:taken|pubcomp 0x0)"$/,
    why: '2.0.11 now and then hangs up on a payload that is too large, in the place of dropping it',
    isOfChance: true,
  },
  {
    part: 'stock',
    what: /^(?:pub by ada at 1|certificate without right)$/,
    mosquitto: /"Warning: Publish 1 failed: Not authorized\."/,
    topiary: /"Warning: Publish 1 failed: Not authorized\.\\nnot authorized"/,
    why: 'a refusal has a Reason String too, which the tools print below',
  },
  {
    part: 'stock',
    what: /^certificate without a name$/,
    mosquitto: /^\{"code":4,/,
    topiary: /^\{"code":7,/,
    why: 'a certificate that names no user is refused in the handshake, before MQTT is spoken',
  },
  {
    part: 'stock',
    what: /^terminal$/,
    mosquitto: /^"\d+: Loading config file [^ ]+\\n.*root\/administrator\.\\n"$/,
    topiary: /^""$/,
    why: 'nothing is written to the terminal where log_dest is a file, not even before that is open',
  },
  {
    part: 'web',
    what: /^type of /,
    mosquitto: /^(?:nothing|"text\/html")$/,
    topiary: /^"(?:text\/html|text\/plain|application\/json)"$/,
    why: 'files are served with their type, so that browsers show them, and errors as plain text',
  },
  {
    part: 'log',
    what: /^(?:Client (?:wrong|<unknown>) disconnected, not authorised\.|Sending CONNACK to (?:wrong|[\d.]+) \(0, 5\))$/,
    mosquitto: /^(?:1|nothing)$/,
    topiary: /^(?:1|nothing)$/,
    why: 'who is refused is named',
  },
  {
    part: 'log',
    what: /^leaver log\/other$/,
    mosquitto: /^1$/,
    topiary: /^nothing$/,
    why: 'who unsubscribes from what it had not subscribed to has the line of the packet, and none of type unsubscribe',
  },
  {
    part: 'log',
    what: /^(?:Client mute disconnected due to (?:protocol error|malformed packet)\.|Sending DISCONNECT to mute \(129\))$/,
    mosquitto: /^(?:1|nothing)$/,
    topiary: /^(?:1|nothing)$/,
    why: 'a packet of a type that there is not is malformed, as MQTT says, and a 5.0 client is told so',
  },
]
