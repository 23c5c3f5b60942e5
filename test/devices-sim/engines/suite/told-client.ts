import type {
  ConnectTerms,
  Engine,
  InboundPublish,
  OutboundPublish,
  SimulatedClient,
  SubscriptionTerms,
} from '../../../../devices-sim/engines/engine.ts'

/** A received message as it was when it was told. */
export type Arrived = { readonly [Key in keyof InboundPublish]: InboundPublish[Key] } & { readonly text: string }

export type Told =
  | { readonly event: 'connected'; readonly sessionPresent: boolean; readonly receiveMaximum: number }
  | { readonly event: 'acknowledged'; readonly token: number; readonly reasonCode: number }
  | { readonly event: 'subscribed'; readonly reasonCodes: readonly number[] }
  | { readonly event: 'received'; readonly message: Arrived }
  | { readonly event: 'writable' }
  | { readonly event: 'closed'; readonly reason: string }
type ToldOf<Event extends Told['event']> = Extract<Told, { event: Event }>

const plainTerms = {
  protocolVersion: 5,
  cleanStart: true,
  sessionExpiryInterval: 0,
  keepAlive: 0,
  userName: undefined,
  password: undefined,
  will: undefined,
  localAddress: undefined,
} as const

const plainMessage = {
  qos: 0,
  retain: false,
  token: 0,
  expiry: undefined,
  mark: undefined,
  userProperties: undefined,
  responseTopic: undefined,
  correlationData: undefined,
} as const

let names = 0

/** Tests share brokers, so each has topics and client identifiers of its own. */
export function newName(): string {
  names += 1
  return `engine${names}`
}

/** A client of an engine with everything it told, in order; waits end with the test's own time limit. */
export class ToldClient {
  readonly client: SimulatedClient
  readonly log: Told[] = []
  /** What is done at once when something is told. */
  onTold: (told: Told) => void = () => {}
  /** Events told from within a call of the client: there must be none. */
  readonly nested: string[] = []
  #untaken: Told[] = []
  #check: () => void = () => {}
  #callDepth = 0

  constructor(engine: Engine) {
    this.client = engine.createClient({
      connected: (sessionPresent, receiveMaximum) => this.#tell({ event: 'connected', sessionPresent, receiveMaximum }),
      acknowledged: (token, reasonCode) => this.#tell({ event: 'acknowledged', token, reasonCode }),
      subscribed: (reasonCodes) => this.#tell({ event: 'subscribed', reasonCodes }),
      received: (message) => this.#tell({ event: 'received', message: copyOf(message) }),
      writable: () => this.#tell({ event: 'writable' }),
      closed: (reason) => this.#tell({ event: 'closed', reason }),
    })
  }

  connect(terms: Partial<ConnectTerms> & Pick<ConnectTerms, 'clientId'>): void {
    this.#call(() => this.client.connect({ ...plainTerms, ...terms }))
  }

  /** Connects and waits for CONNACK. */
  async connected(terms: Partial<ConnectTerms> & Pick<ConnectTerms, 'clientId'>): Promise<ToldOf<'connected'>> {
    this.connect(terms)
    return this.next('connected')
  }

  publish(topic: string, payload: string | Uint8Array, message: Partial<OutboundPublish> = {}): boolean {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
    return this.#call(() => this.client.publish({ ...plainMessage, ...message, topic, payload: bytes }))
  }

  /** Subscribes and waits for SUBACK. */
  async subscribed(...subscriptions: readonly SubscriptionTerms[]): Promise<readonly number[]> {
    this.#call(() => this.client.subscribe(subscriptions))
    return (await this.next('subscribed')).reasonCodes
  }

  disconnect(): void {
    this.#call(() => this.client.disconnect())
  }

  drop(): void {
    this.#call(() => this.client.drop())
  }

  freeze(): void {
    this.#call(() => this.client.freeze())
  }

  stopPinging(): void {
    this.#call(() => this.client.stopPinging())
  }

  pauseReading(): void {
    this.#call(() => this.client.pauseReading())
  }

  resumeReading(): void {
    this.#call(() => this.client.resumeReading())
  }

  /** Drops it and waits until that is told. */
  async dropped(): Promise<void> {
    this.drop()
    await this.next('closed')
  }

  /** The first of this event that no wait has taken yet. */
  async next<Event extends Told['event']>(event: Event): Promise<ToldOf<Event>> {
    const index = (): number => this.#untaken.findIndex((told) => told.event === event)
    await this.#until(() => index() >= 0)
    return this.#untaken.splice(index(), 1)[0] as ToldOf<Event>
  }

  async nextMessage(): Promise<Arrived> {
    return (await this.next('received')).message
  }

  /** All messages that were ever received, once there are `count`. */
  async messages(count: number): Promise<Arrived[]> {
    const all = (): ToldOf<'received'>[] => this.#of('received')
    await this.#until(() => all().length >= count)
    return all().map(({ message }) => message)
  }

  /** `token code`, in order, once there are `count`. */
  async acknowledgements(count: number): Promise<string[]> {
    const all = (): ToldOf<'acknowledged'>[] => this.#of('acknowledged')
    await this.#until(() => all().length >= count)
    return all().map(({ token, reasonCode }) => `${token} ${reasonCode}`)
  }

  #of<Event extends Told['event']>(event: Event): ToldOf<Event>[] {
    return this.log.filter((told): told is ToldOf<Event> => told.event === event)
  }

  #call<T>(call: () => T): T {
    this.#callDepth++
    try {
      return call()
    } finally {
      this.#callDepth--
    }
  }

  #tell(told: Told): void {
    if (this.#callDepth > 0) this.nested.push(told.event)
    this.log.push(told)
    this.#untaken.push(told)
    this.onTold(told)
    this.#check()
  }

  #until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#check = () => {
        if (isSo()) resolve()
      }
      this.#check()
    })
  }
}

function copyOf(message: InboundPublish): Arrived {
  const { topic, qos, retain, dup, mark, responseTopic, correlationData } = message
  const payload = Buffer.from(message.payload)
  const correlation = correlationData === undefined ? undefined : Uint8Array.from(correlationData)
  const text = payload.toString()
  return { topic, payload, qos, retain, dup, mark, responseTopic, correlationData: correlation, text }
}
