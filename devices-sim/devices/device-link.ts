import type { ClientEvents, Engine, InboundPublish, SimulatedClient } from '../engines/engine.ts'
import type { Device } from './device.ts'

/** A client of a device. A device that a twin takes over has two for a while, and listens to the newer one. */
export class DeviceLink implements ClientEvents {
  readonly #device: Device
  readonly client: SimulatedClient
  /** The one it took the place of, to be dropped once this one stands. */
  retired: DeviceLink | undefined

  constructor(device: Device, engine: Engine, retired?: DeviceLink) {
    this.#device = device
    this.retired = retired
    this.client = engine.createClient(this, retired?.client)
  }

  connected(sessionPresent: boolean, receiveMaximum: number): void {
    this.#device.connected(this, sessionPresent, receiveMaximum)
  }

  acknowledged(token: number, reasonCode: number): void {
    this.#device.acknowledged(this, token, reasonCode)
  }

  subscribed(reasonCodes: readonly number[]): void {
    this.#device.subscribed(reasonCodes)
  }

  received(message: InboundPublish): void {
    this.#device.received(this, message)
  }

  writable(): void {
    this.#device.writable(this)
  }

  closed(reason: string): void {
    this.#device.closed(this, reason)
  }
}
