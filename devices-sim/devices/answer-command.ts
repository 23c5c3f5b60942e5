import type { InboundPublish, SimulatedClient } from '../engines/engine.ts'
import type { Device } from './device.ts'

/** A device does at once what a command says and answers with what it was told, so that the controller knows its own. */
export function answerCommand(device: Device, client: SimulatedClient, message: InboundPublish): void {
  const { fleet } = device
  const { topic } = message
  const identity = fleet.identityOf(device.numberInFleet)
  const command = fleet.commandTopics.find((one) => one.topic(identity) === topic)
  if (command === undefined) return fleet.sparkplug?.commanded(device, client, topic, message.payload)
  client.publish({
    topic: message.responseTopic ?? command.responseTopic(identity),
    payload: message.payload,
    qos: 0,
    retain: false,
    token: 0,
    expiry: undefined,
    mark: message.mark,
    userProperties: undefined,
    responseTopic: undefined,
    correlationData: message.correlationData,
  })
}
