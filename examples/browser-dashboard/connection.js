import mqtt from './mqtt.js'

const reconnectPeriodMs = 2000
/** A broker that is asked so by a 5.0 client sends nothing larger. */
const maximumPacketBytes = 4 * 1024 * 1024

/**
 * @typedef {object} ConnectionState
 * @property {'connecting' | 'connected' | 'reconnecting' | 'failed'} name `failed` is for good: the address is none
 * @property {number} sinceMs on the clock of performance.now()
 * @property {string | undefined} problem why the last attempt came to nothing, a sentence
 */

/**
 * Connects to a broker, stays connected as long as the page lives, and hears everything that matches the filter.
 *
 * @param {string} brokerUrl ws://host:port or wss://host:port
 * @param {string} topicFilter
 * @param {{
 *   onState: (state: ConnectionState) => void,
 *   onMessage: (topicName: string, payload: Uint8Array, isRetained: boolean) => void,
 * }} events
 */
export function connectTo(brokerUrl, topicFilter, events) {
  let state = { name: 'connecting', sinceMs: performance.now(), problem: undefined }
  const enter = (name, problem) => {
    const sinceMs = state.name === name ? state.sinceMs : performance.now()
    state = { name, sinceMs, problem }
    events.onState(state)
  }
  enter('connecting')
  if (!/^wss?:\/\/./i.test(brokerUrl) || !URL.canParse(brokerUrl)) {
    enter('failed', `"${brokerUrl}" is not the address of a broker: it must look like ws://127.0.0.1:9001.`)
    return
  }
  let isForbidden = false
  addEventListener('securitypolicyviolation', (violation) => {
    if (violation.effectiveDirective === 'connect-src') isForbidden = true
  })

  const client = mqtt.connect(brokerUrl, {
    protocolVersion: 5,
    clientId: `dashboard-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`,
    clean: true,
    keepalive: 30,
    connectTimeout: 5000,
    reconnectPeriod: reconnectPeriodMs,
    reconnectOnConnackError: true,
    resubscribe: false, // subscribed below, each time the connection stands
    properties: { maximumPacketSize: maximumPacketBytes },
  })
  let refusal
  client.on('connect', () => {
    refusal = undefined
    client.subscribe(topicFilter, { qos: 0 }, (error) => {
      if (!client.connected) return
      enter('connected', error ? `The broker refused the topic filter ${topicFilter}: ${error.message}.` : undefined)
    })
  })
  client.on('message', (topicName, payload, packet) => events.onMessage(topicName, payload, packet.retain))
  client.on('error', (error) => {
    if (error.code > 0) refusal = `The broker refused the connection: ${error.message}.`
  })
  client.on('close', () => {
    const again = `Trying again every ${reconnectPeriodMs / 1000} seconds.`
    const reason = isForbidden
      ? 'This page may only connect to brokers of this machine, and to those its server allows.'
      : (refusal ?? `No broker answers at ${brokerUrl}.`)
    enter(state.name === 'connecting' ? 'connecting' : 'reconnecting', `${reason} ${again}`)
  })
}
