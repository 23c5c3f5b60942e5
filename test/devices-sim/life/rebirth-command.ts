import { encodePayload } from '../../../devices-sim/payloads/sparkplug/payload.ts'

/** What a host application says to a node: one metric that is true. */
export function encodeSparkplugCommand(name: string): Uint8Array {
  return encodePayload({ timestamp: 1, metrics: [{ name, datatype: 11, value: { kind: 'boolean', value: true } }] })
}
