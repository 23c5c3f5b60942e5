// What rows are made of. An arm is one column of a row: a peer, with flags for the generator and for its start.

/** Who speaks a plain row at a QoS: the floor knows 0 and 1, nats-server too. */
export function everybody(qos) {
  return ['topiary', ...(qos < 2 ? ['floor'] : []), ...othersAt(qos)]
}

/** The floor knows exact topics only. */
export function withoutFloor(qos) {
  return ['topiary', ...othersAt(qos)]
}

function othersAt(qos) {
  return ['mosquitto', 'flashmq', ...(qos < 2 ? ['nats'] : []), 'aedes']
}

/** Arms that are nothing but a peer. */
export function named(peers) {
  return peers.map((peer) => ({ name: peer, peer }))
}

/** CPU of the broker, user and system, all threads. */
export function cost(targets, { key = 'us_per_msg', title = 'CPU-us per message' } = {}) {
  return { key, title, unit: 'CPU-us', targets }
}

export function latency(quantile, targets) {
  return { key: `lat_us.${quantile}`, title: `latency ${quantile}, us`, unit: 'us', targets }
}
