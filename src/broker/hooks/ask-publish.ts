import type { Awaitable, Hooks, Publication, PublicationChange } from '../../contracts/hooks.ts'
import { encodePropertyBody } from '../../protocol/properties.ts'
import { encodeText } from '../../protocol/text.ts'
import { quotedTopic, topicNameFault, topicTextFault } from '../../topics/topic-syntax.ts'
import { askInOrder, isPromise } from './ask-in-order.ts'
import type { HookRegistry } from './hook-registry.ts'

/**
 * Leads a message past the `onPublish` hooks, each seeing what the one before made of it. `then` is called with what
 * is to be published, or false when one refused it.
 */
export function askPublish(
  registry: HookRegistry,
  publication: Publication,
  then: (outcome: Publication | false) => void,
): void {
  let current = publication
  const taken = (answer: PublicationChange | false | undefined | void): false | undefined => {
    if (answer === false) return false
    if (answer !== undefined) current = changed(current, answer)
    return undefined
  }
  askInOrder<Hooks, false>(
    registry.of('onPublish') ?? [],
    (hook) => {
      const answer: Awaitable<PublicationChange | false | undefined | void> = hook.onPublish?.(current)
      return isPromise(answer) ? answer.then(taken) : taken(answer)
    },
    (hook, error) => {
      registry.failed(hook, 'onPublish', error)
      return false
    },
    (refused) => then(refused ?? current),
  )
}

/** What is undefined stays as it was. Throws when the hook gave something that cannot be published. */
function changed(publication: Publication, change: PublicationChange): Publication {
  const isChange = typeof change === 'object' && Object.keys(change ?? { null: true }).every((key) => parts.has(key))
  if (!isChange)
    throw new TypeError(`onPublish: ${JSON.stringify(change)} is no answer; false, or an object of ${known}`)
  const {
    topicName = publication.topicName,
    payload = publication.payload,
    properties = publication.properties,
  } = change
  const { qos = publication.qos, retain = publication.retain } = change
  const fault = topicTextFault(topicName) ?? topicNameFault(topicName, Infinity)
  if (fault !== undefined) throw new RangeError(`onPublish: the topic name ${quotedTopic(topicName)}: ${fault}`)
  if (qos !== 0 && qos !== 1 && qos !== 2) throw new RangeError(`onPublish: qos must be 0, 1 or 2, not ${String(qos)}`)
  const bytes = typeof payload === 'string' ? encodeText(payload) : payload
  if (!(bytes instanceof Uint8Array)) throw new TypeError('onPublish: payload must be a text or a Uint8Array')
  encodePropertyBody(properties)
  return { client: publication.client, topicName, payload: bytes, qos, retain, properties }
}

const parts: ReadonlySet<string> = new Set(['topicName', 'payload', 'qos', 'retain', 'properties'])
const known = [...parts].join(', ')
