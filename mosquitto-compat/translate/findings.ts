/** What comes to light while a mosquitto.conf is turned into settings: sentences, `FILE:LINE: ...` each. */
export interface Findings {
  readonly faults: string[]
  readonly warnings: string[]
  readonly notices: string[]
}

export function tell(list: string[], place: string | undefined, sentence: string): void {
  list.push(place === undefined ? sentence : `${place}: ${sentence}`)
}
