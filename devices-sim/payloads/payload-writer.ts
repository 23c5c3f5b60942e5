import type { PayloadOptions } from '../scenario/schema.ts'
import { cborWriter } from './cbor-payload.ts'
import { fixedWriter } from './fixed-payload.ts'
import { jsonWriter } from './json-payload.ts'
import type { PayloadContext } from './payload-context.ts'
import { templateWriter } from './template-payload.ts'

/** Writes the payloads of one kind of message for all devices of a fleet. */
export interface PayloadWriter {
  /** Bytes of their own, that nobody changes any more. */
  write(context: PayloadContext): Uint8Array
}

export interface PayloadNeeds {
  /** Names of the fleet's sensors, in the order they are sent in. */
  readonly sensors: readonly string[]
  /** Decides the filler of fixed payloads. */
  readonly seed: number
  readonly compileTemplate: (text: string) => (values: Readonly<Record<string, unknown>>) => string
}

/** Sparkplug payloads are an edge node's own: see sparkplug/edge-node.ts. */
export type PlainPayloadOptions = Exclude<PayloadOptions, { format: 'sparkplug' }>

export function payloadWriter(options: PlainPayloadOptions, needs: PayloadNeeds): PayloadWriter {
  switch (options.format) {
    case 'json':
      return jsonWriter(options.fields ?? needs.sensors)
    case 'cbor':
      return cborWriter(options.fields ?? needs.sensors)
    case 'fixed':
      return fixedWriter(options.bytes, needs.seed)
    case 'template':
      return templateWriter(needs.compileTemplate(options.text))
  }
}
