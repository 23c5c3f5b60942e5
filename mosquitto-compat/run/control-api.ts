import type { ProgramSubscription } from '../../src/contracts/embedding.ts'
import type { Broker } from '../../src/server/broker.ts'
import type { ListenerRow } from './listener-rows.ts'

const TOPIC = '$CONTROL/broker/v1'
const UNKNOWN = 'Unknown command'

interface Response {
  readonly command: string
  readonly data?: object
  readonly error?: string
  readonly correlationData?: string
}

/** Answers `$CONTROL/broker/v1` while it is on; off, that is a topic like any other. */
export class ControlApi {
  readonly #broker: Pick<Broker, 'subscribe' | 'publish'>
  readonly #commands: ReadonlyMap<string, () => object>
  #subscription: ProgramSubscription | undefined

  constructor(broker: Pick<Broker, 'subscribe' | 'publish'>, listeners: () => readonly ListenerRow[]) {
    this.#broker = broker
    this.#commands = new Map<string, () => object>([
      // plugins of Mosquitto cannot be loaded: there are none
      ['listplugins', () => ({ plugins: [] })],
      ['listlisteners', () => ({ listeners: listeners() })],
    ])
  }

  async change(isOn: boolean): Promise<void> {
    if (isOn) this.#subscription ??= await this.#broker.subscribe(TOPIC, ({ payload }) => this.#answer(payload))
    else {
      await this.#subscription?.unsubscribe()
      this.#subscription = undefined
    }
  }

  #answer(request: Uint8Array): void {
    const payload = JSON.stringify({ responses: this.#responsesTo(request) })
    // it fails only when the broker closes, and then nobody waits for it
    this.#broker.publish({ topic: `${TOPIC}/response`, payload }).catch(() => {})
  }

  #responsesTo(request: Uint8Array): Response[] {
    const asked = parsed(request)
    if (asked === undefined) return [{ command: UNKNOWN, error: 'Payload not valid JSON' }]
    const commands = isObject(asked.value) ? asked.value['commands'] : undefined
    if (!Array.isArray(commands)) return [{ command: UNKNOWN, error: 'Invalid/missing commands' }]
    const responses: Response[] = []
    for (const one of commands as readonly unknown[]) {
      const fault = faultOf(one)
      if (fault !== undefined) return [...responses, fault]
      responses.push(this.#responseTo(one as Command))
    }
    return responses
  }

  #responseTo({ command, correlationData }: Command): Response {
    const answer = this.#commands.get(command.toLowerCase())
    const outcome = answer === undefined ? { error: UNKNOWN } : { data: answer() }
    return { command, ...outcome, ...(correlationData !== undefined && { correlationData }) }
  }
}

interface Command {
  readonly command: string
  readonly correlationData?: string
}

/** What ends a batch: those behind it are not looked at. */
function faultOf(one: unknown): Response | undefined {
  if (!isObject(one)) return { command: UNKNOWN, error: 'Command not an object' }
  const { command, correlationData } = one
  if (typeof command !== 'string') return { command: UNKNOWN, error: 'Missing command' }
  if (correlationData === undefined || typeof correlationData === 'string') return undefined
  return { command, error: 'Invalid correlationData data type.' }
}

function parsed(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) }
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
