import type { ListenerRules } from '../contracts/listener.ts'
import type { ListenerSettings } from '../settings/settings.ts'

/** What a listener's settings say of those who come in by it; undefined when all is as for everybody. */
export function rulesOf(settings: ListenerSettings, index: number): ListenerRules | undefined {
  const { protocolVersions, mountPoint, clientIdFromUser = false, access } = settings
  const limits = defined({
    topicAliasMaximum: settings.topicAliasMaximum,
    outboundTopicAliasMaximum: settings.outboundTopicAliasMaximum,
  })
  const features = defined({
    maximumQos: settings.maximumQos,
    allowEmptyClientId: settings.allowEmptyClientId,
    assignedClientIdPrefix: settings.assignedClientIdPrefix,
  })
  const saysMore = [protocolVersions, mountPoint, access].some((value) => value !== undefined)
  const isOrdinary =
    !saysMore && !clientIdFromUser && [limits, features].every((group) => Object.keys(group).length === 0)
  if (isOrdinary) return undefined
  return {
    protocolVersions,
    limits,
    features,
    clientIdFromUser,
    mountPoint,
    access: accessNameOf(settings, index),
  }
}

/** Under which name a listener's own users and rights are found; undefined where it has none. Reloads keep it. */
export function accessNameOf(settings: ListenerSettings, index: number): string | undefined {
  if (settings.access === undefined) return undefined
  if (settings.kind === 'unix') return settings.path
  const { kind, host = '127.0.0.1', port } = settings
  return `${kind} ${host}:${port === 0 ? `any ${index}` : port}` // free ports are told apart by their place in the list
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }

function defined<T extends object>(group: T): Defined<T> {
  return Object.fromEntries(Object.entries(group).filter(([, value]) => value !== undefined)) as Defined<T>
}
