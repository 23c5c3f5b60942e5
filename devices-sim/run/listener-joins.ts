import type { Device } from '../devices/device.ts'
import type { FleetOnStage } from '../devices/fleet-on-stage.ts'
import type { Stage } from '../devices/stage.ts'
import type { Scenario } from '../scenario/schema.ts'
import { Controller } from '../subscribers/controller.ts'
import { type FleetRange, GroupOnStage } from '../subscribers/group-on-stage.ts'
import { Subscriber } from '../subscribers/subscriber.ts'
import { Tracker } from '../subscribers/tracker.ts'
import type { Assignment } from './assignment.ts'

/** Lets a client connect and tells when it is ready, or what is wrong. */
export type Join = (onReady: (fault: string | undefined) => void) => void

/** One for each subscriber of this process; `subscribers` holds those that have begun. */
export function subscriberJoins(
  stage: Stage,
  scenario: Scenario,
  assignment: Assignment,
  ranges: readonly FleetRange[],
  subscribers: Subscriber[],
): Join[] {
  return Object.entries(assignment.subscribers).flatMap(([name, numbers]) => {
    const group = new GroupOnStage(stage, scenario, name)
    const newTracker = (number: number): Tracker => {
      const expectationOf = group.expectations(stage.deliveries, ranges, number)
      return new Tracker(stage, expectationOf, group.options.session === 'persistent')
    }
    const shared = group.options.share === undefined ? undefined : newTracker(1)
    return numbers.map((number): Join => {
      return (onReady) => {
        const subscriber = new Subscriber(group, number, shared ?? newTracker(number), onReady)
        subscribers.push(subscriber)
        subscriber.connect()
      }
    })
  })
}

/** One for each kind of command whose fleet has devices in this process. */
export function controllerJoins(
  scenario: Scenario,
  fleets: readonly FleetOnStage[],
  devices: readonly Device[],
  controllers: Controller[],
): Join[] {
  return Object.entries(scenario.commands).flatMap(([name, command], index): Join[] => {
    const fleet = fleets.find((one) => one.name === command.fleet)
    const numbers = devices.filter((device) => device.fleet === fleet).map((device) => device.numberInFleet)
    if (fleet === undefined || numbers.length === 0) return []
    return [
      (onReady) => {
        const controller = new Controller({ name, command, index }, fleet, numbers, onReady)
        controllers.push(controller)
        controller.connect()
      },
    ]
  })
}
