import type { ByteStream } from '../contracts/byte-stream.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Rate, Rates } from '../contracts/rates.ts'
import { TokenBucket } from '../structures/token-bucket.ts'
import { type Allowance, PacedStream, type Pacing } from './paced-stream.ts'

type Whom = keyof Rates
const kindsOfRate = ['inboundMessages', 'inboundBytes', 'outboundMessages', 'outboundBytes'] as const

/** Those who wait are looked at this often. */
const TICK_MS = 20
/** A bucket that nobody drew from for a second is full: as good as a new one. */
const FULL_AFTER_MS = 1000

/** The buckets of one client, user, address or listener, for all its connections. */
interface Share {
  readonly whom: Whom
  readonly key: string
  readonly buckets: Map<keyof Rate, TokenBucket>
  streams: number
  leftAtMs: number
}

export interface RateLimitsParts {
  readonly clock: Clock
  /** Told whenever somebody is made to wait. */
  readonly onSlowed: (details: { readonly address: string; readonly clientId: string | undefined }) => void
  /** Before the first stream is paced: `identified` is wanted from now on. */
  readonly onPaced: () => void
}

/** Who shares what rate, and who waits for it. Streams are left as they are while no rate is set. */
export class RateLimits {
  readonly #parts: RateLimitsParts
  #rates: Rates
  #isOn: boolean
  readonly #shares: Readonly<Record<Whom, Map<string, Share>>> = {
    client: new Map(),
    user: new Map(),
    address: new Map(),
    listener: new Map(),
  }
  /** By the peer that connections and events name. */
  readonly #members = new WeakMap<object, Member>()
  #waiting = new Set<PacedStream>()
  #stopTicking: (() => void) | undefined
  #hasPaced = false

  constructor(rates: Rates, parts: RateLimitsParts) {
    this.#rates = rates
    this.#isOn = isAny(rates)
    this.#parts = parts
  }

  /** For those under way too, if some rate held when they came. */
  change(rates: Rates): void {
    this.#rates = rates
    this.#isOn = isAny(rates)
    for (const shares of Object.values(this.#shares)) for (const share of shares.values()) this.#fill(share)
  }

  /** The stream a connection is to have in the place of `stream`. */
  pace(stream: ByteStream): ByteStream {
    if (!this.#isOn) return stream
    if (!this.#hasPaced) this.#parts.onPaced()
    this.#hasPaced = true
    this.#forgetOld()
    const member = new Member(this.#pacing(), this.#parts.clock)
    this.#members.set(stream.peer, member)
    const paced = new PacedStream(stream, member)
    if (stream.peer.address !== '') this.#join(member, 'address', stream.peer.address)
    this.#join(member, 'listener', stream.peer.listener)
    return paced
  }

  /** Its CONNECT was accepted: it also draws on what its client identifier and its user have. */
  identified(peer: object, clientId: string, user: string | undefined): void {
    const member = this.#members.get(peer)
    if (member === undefined) return
    member.clientId = clientId
    this.#join(member, 'client', clientId)
    if (user !== undefined) this.#join(member, 'user', user)
  }

  /** The end: nobody waits any more. */
  release(): void {
    this.change(unlimited)
    this.#tick()
  }

  #pacing() {
    return {
      wait: (stream: PacedStream, member: Member) => {
        this.#parts.onSlowed({ address: stream.peer.address, clientId: member.clientId })
        this.#waiting.add(stream)
        this.#stopTicking ??= this.#parts.clock.every(TICK_MS, () => this.#tick())
      },
      closed: (stream: PacedStream, member: Member) => {
        this.#waiting.delete(stream)
        for (const share of member.shares) {
          share.streams--
          share.leftAtMs = this.#parts.clock.monotonicMs()
        }
      },
    }
  }

  #tick(): void {
    const waiting = this.#waiting
    this.#waiting = new Set()
    const served: PacedStream[] = []
    for (const stream of waiting) if (stream.proceed()) served.push(stream)
    // who got something waits behind those who got nothing: nobody takes the whole of a share for himself
    for (const stream of served) if (this.#waiting.delete(stream)) this.#waiting.add(stream)
    if (this.#waiting.size > 0) return
    this.#stopTicking?.()
    this.#stopTicking = undefined
  }

  #join(member: Member, whom: Whom, key: string): void {
    const shares = this.#shares[whom]
    let share = shares.get(key)
    if (share === undefined) {
      share = { whom, key, buckets: new Map(), streams: 0, leftAtMs: 0 }
      shares.set(key, share)
      this.#fill(share)
    }
    share.streams++
    member.join(share)
  }

  #fill({ whom, buckets }: Share): void {
    const nowMs = this.#parts.clock.monotonicMs()
    for (const kind of kindsOfRate) {
      const perSecond = this.#rates[whom][kind]
      const bucket = buckets.get(kind)
      if (perSecond === 0) buckets.delete(kind)
      else if (bucket === undefined) buckets.set(kind, new TokenBucket(perSecond, nowMs))
      else bucket.change(perSecond, nowMs)
    }
  }

  /** Those left long enough to be full again, the oldest first; at most a few for each newcomer. */
  #forgetOld(): void {
    const nowMs = this.#parts.clock.monotonicMs()
    for (const shares of Object.values(this.#shares)) {
      let looked = 0
      for (const [key, share] of shares) {
        if (++looked > 4) break
        shares.delete(key)
        if (share.streams > 0 || nowMs - share.leftAtMs < FULL_AFTER_MS) shares.set(key, share) // to the end
      }
    }
  }
}

interface MemberPacing {
  wait(stream: PacedStream, member: Member): void
  closed(stream: PacedStream, member: Member): void
}

/** One stream's part in the shares it draws on. */
class Member implements Pacing {
  readonly #pacing: MemberPacing
  readonly #clock: Clock
  readonly shares: Share[] = []
  clientId: string | undefined

  constructor(pacing: MemberPacing, clock: Clock) {
    this.#pacing = pacing
    this.#clock = clock
  }

  join(share: Share): void {
    this.shares.push(share)
  }

  nowMs(): number {
    return this.#clock.monotonicMs()
  }

  inbound(): Allowance {
    return { messages: this.#buckets('inboundMessages'), bytes: this.#buckets('inboundBytes') }
  }

  outbound(): Allowance {
    return { messages: this.#buckets('outboundMessages'), bytes: this.#buckets('outboundBytes') }
  }

  wait(stream: PacedStream): void {
    this.#pacing.wait(stream, this)
  }

  closed(stream: PacedStream): void {
    this.#pacing.closed(stream, this)
  }

  #buckets(kind: keyof Rate): TokenBucket[] {
    const found: TokenBucket[] = []
    for (const { buckets } of this.shares) {
      const bucket = buckets.get(kind)
      if (bucket !== undefined) found.push(bucket)
    }
    return found
  }
}

function isAny(rates: Rates): boolean {
  return Object.values(rates).some((rate: Rate) => kindsOfRate.some((kind) => rate[kind] > 0))
}

const nothing: Rate = { inboundMessages: 0, inboundBytes: 0, outboundMessages: 0, outboundBytes: 0 }
const unlimited: Rates = { client: nothing, user: nothing, address: nothing, listener: nothing }
