import { isDeepStrictEqual } from 'node:util'
import { Document, isMap, isScalar, isSeq, type Node } from 'yaml'
import type { DocumentPath } from '../../src/documents/document-fault.ts'
import { defaultSettings } from '../../src/settings/settings.ts'
import type { LoadedMosquittoConf } from '../load-mosquitto-conf.ts'

/** The settings file that does the same as a mosquitto.conf, YAML, with the line of each setting behind it. */
export function settingsText({ given, sourceOf }: LoadedMosquittoConf): string {
  const document = new Document(withoutDefaults(given))
  if (document.contents !== null) addPlaces(document.contents, [], sourceOf)
  return document.toString({ lineWidth: 0 })
}

type Group = Readonly<Record<string, unknown>>

/** What the settings would be anyway is left out. Listeners stay as they are: one default is not that of another. */
function withoutDefaults(given: object): Group {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => {
      const usual = (defaultSettings as unknown as Group)[name]
      const kept = name === 'listeners' ? value : different(value, usual)
      return kept === undefined ? [] : [[name, kept]]
    }),
  )
}

function different(value: unknown, usual: unknown): unknown {
  if (isDeepStrictEqual(value, usual)) return undefined
  if (!isGroup(value) || !isGroup(usual)) return value
  const entries = Object.entries(value).map(([name, inner]) => [name, different(inner, usual[name])] as const)
  const kept = entries.filter(([, inner]) => inner !== undefined)
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Behind a value its line; before a listener that of the listener. */
function addPlaces(node: Node, path: DocumentPath, sourceOf: LoadedMosquittoConf['sourceOf']): void {
  const place = sourceOf(path)
  const isNews = place !== undefined && place !== sourceOf(path.slice(0, -1))
  if (isScalar(node)) {
    // not to be taken for a variable when the file is read
    if (typeof node.value === 'string') node.value = node.value.replaceAll('${', () => '$${')
    if (isNews) node.comment = ` ${place}`
  } else if (isMap<{ readonly value: string }, Node>(node)) {
    if (isNews && path[0] === 'listeners') node.commentBefore = ` ${place}`
    for (const { key, value } of node.items) if (value !== null) addPlaces(value, [...path, key.value], sourceOf)
  } else if (isSeq<Node>(node)) {
    for (const [index, item] of node.items.entries()) addPlaces(item, [...path, index], sourceOf)
  }
}
