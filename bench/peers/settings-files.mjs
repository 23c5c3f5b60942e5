// Files that brokers are started with, as texts.

/**
 * Long queues and windows: with its defaults (1,000 and 20) mosquitto loses messages of the fan-in, and of every row at
 * QoS 2. No log: it would have a line for each connect.
 */
export function mosquittoConf(port) {
  return [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'log_dest none',
    'persistence false',
    'max_queued_messages 100000',
    'max_inflight_messages 1000',
    '',
  ].join('\n')
}

/** MQTT needs JetStream there; max_ack_pending so that it does not wait for acknowledgements. */
export function natsConf(port, clientPort, directory) {
  return [
    'server_name: bench',
    `listen: "127.0.0.1:${clientPort}"`,
    `jetstream { store_dir: "${directory}/jetstream" }`,
    `mqtt { listen: "127.0.0.1:${port}", max_ack_pending: 10000 }`,
    '',
  ].join('\n')
}

export function flashmqConf(port) {
  return [
    'listen {',
    '  protocol mqtt',
    `  port ${port}`,
    '  inet4_bind_address 127.0.0.1',
    '}',
    'allow_anonymous true',
    'thread_count 1',
    'log_level error',
    'max_qos_msg_pending_per_client 60000',
    '',
  ].join('\n')
}

const MIB = 2 ** 20

/** The queue limits of the rows of slow readers: bytes that wait in outboxes, and in queues of sessions. */
export const smallQueues = { outboxMib: 64, queuedMib: 64 }

export function smallQueuesSettings() {
  const { outboxMib, queuedMib } = smallQueues
  return [
    'version: 1',
    'limits:',
    `  maximumOutboxBytesTotal: ${outboxMib * MIB}`,
    `  maximumQueuedBytesTotal: ${queuedMib * MIB}`,
    '',
  ].join('\n')
}

/** The default is 1,000,000, and the broker's own topics are among them. */
export function manyRetainedSettings() {
  return 'version: 1\nlimits:\n  maximumRetainedMessages: 2000000\n'
}

const RULES = 200

/** Rules of rights of which the last is the one that lets the benchmark through, and metrics over HTTP. */
export function rulesSettings(httpPort) {
  const rules = Array.from({ length: RULES - 1 }, (_, index) =>
    index % 3 === 2
      ? `    - deny: write\n      topics: [site-${index}/+/interlock]`
      : `    - allow: all\n      users: [user-${index}]\n      topics: [site-${index}/%u/#]`,
  )
  const last = "    - allow: all\n      topics: ['#']"
  return `version: 1\nrights:\n  default: deny\n  rules:\n${[...rules, last].join('\n')}\nhttp:\n  port: ${httpPort}\n`
}
