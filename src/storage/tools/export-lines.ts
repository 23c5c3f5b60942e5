import { z } from 'zod'
import type { StoredMessage, StoredSubscription } from '../../contracts/store.ts'
import type { ApplicationMessage } from '../../protocol/application-message.ts'
import { ByteReader } from '../../protocol/byte-reader.ts'
import { newApplicationMessage } from '../../protocol/new-application-message.ts'
import { decodePropertyBody } from '../../protocol/properties.ts'
import type { FoldedSession } from './export-state.ts'

/** Counts up when an older Topiary could no longer import what is written. */
export const exportVersion = 1

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const qos = z.union([z.literal(0), z.literal(1), z.literal(2)])
const time = z.iso.datetime()
const base64 = z.base64()
const place = { message: count, qos, retain: z.boolean(), subscriptionIdentifiers: z.array(count) }
const content = {
  topic: z.string().min(1),
  qos,
  retain: z.boolean(),
  properties: base64,
  payload: base64,
  text: z.string().optional(),
  publishedAt: time,
  expiresAt: time.nullable(),
}

const lineSchemas = {
  header: z.object({
    kind: z.literal('topiary-export'),
    version: count,
    writtenBy: z.string(),
    at: time,
  }),
  message: z.object({ kind: z.literal('message'), message: count, ...content }),
  retained: z.object({
    kind: z.literal('retained'),
    ...content,
    publisher: z.object({ clientId: z.string(), user: z.string().nullable() }).optional(),
  }),
  session: z.object({
    kind: z.literal('session'),
    clientId: z.string(),
    user: z.string().nullable(),
    expirySeconds: count,
    sendQuota: count.min(1).max(65535),
    expiresAt: time.nullable(),
    subscriptions: z.array(
      z.object({ filter: z.string().min(1), options: count.max(255), identifier: count.nullable() }),
    ),
    inboundIds: z.array(count.min(1).max(65535)),
    nextPosition: count,
    released: z.array(count),
  }),
  queued: z.object({ kind: z.literal('queued'), clientId: z.string(), position: count, ...place }),
  waiting: z.object({ kind: z.literal('waiting'), filter: z.string().startsWith('$share/'), ...place }),
}

export const anyLine = z.discriminatedUnion('kind', [
  lineSchemas.header,
  lineSchemas.message,
  lineSchemas.retained,
  lineSchemas.session,
  lineSchemas.queued,
  lineSchemas.waiting,
])

export type ExportLine = z.infer<typeof anyLine>
type Line<Kind extends ExportLine['kind']> = Extract<ExportLine, { kind: Kind }>
type Content = Omit<Line<'retained'>, 'kind' | 'publisher'>

export function contentOf({ message, publishedAtMs }: StoredMessage): Content {
  const { bytes, propertiesStart, propertiesEnd, payloadStart, payloadEnd } = message
  const payload = Buffer.from(bytes.subarray(payloadStart, payloadEnd))
  const text = payload.toString()
  return {
    topic: Buffer.from(message.topicBytes).toString(),
    qos: message.qos,
    retain: message.retain,
    properties: Buffer.from(bytes.subarray(propertiesStart, propertiesEnd)).toString('base64'),
    payload: payload.toString('base64'),
    // for people; base64 alone is what is imported
    ...(Buffer.from(text).equals(payload) && { text }),
    publishedAt: timeText(publishedAtMs),
    expiresAt: message.expiresAtMs === Infinity ? null : timeText(message.expiresAtMs),
  }
}

/** Throws a ProtocolError for properties that a PUBLISH may not have. */
export function messageOf(line: Content): ApplicationMessage {
  const body = Buffer.from(line.properties, 'base64')
  const properties = decodePropertyBody(new ByteReader(body, 0, body.length), 'publish')
  const payload = Buffer.from(line.payload, 'base64')
  const { qos: level, retain } = line
  const message = newApplicationMessage({ payload, qos: level, retain, properties }, '', 0)
  message.topicBytes = Buffer.from(line.topic)
  message.expiresAtMs = msOf(line.expiresAt)
  return message
}

export function sessionLine(session: FoldedSession): Line<'session'> {
  const { clientId, user = null, expirySeconds, sendQuota, expiresAtMs, inboundIds, nextPosition, released } = session
  return {
    kind: 'session',
    clientId,
    user,
    expirySeconds,
    sendQuota,
    expiresAt: expiresAtMs === Infinity ? null : timeText(expiresAtMs),
    subscriptions: [...session.subscriptions.values()].map(({ topicFilter, options, subscriptionIdentifier }) => ({
      filter: topicFilter,
      options,
      identifier: subscriptionIdentifier ?? null,
    })),
    inboundIds: [...inboundIds],
    nextPosition,
    released: [...released],
  }
}

export function subscriptionsOf({ subscriptions }: Line<'session'>): Map<string, StoredSubscription> {
  return new Map(
    subscriptions.map(({ filter: topicFilter, options, identifier }) => [
      topicFilter,
      { topicFilter, options, subscriptionIdentifier: identifier ?? undefined },
    ]),
  )
}

/** Null stands for never. */
export function msOf(text: string | null): number {
  return text === null ? Infinity : Date.parse(text)
}

export function timeText(ms: number): string {
  return new Date(ms).toISOString()
}
