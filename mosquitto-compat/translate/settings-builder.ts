import type { DocumentPath } from '../../src/documents/document-fault.ts'
import type { PartialSettings } from '../../src/settings/settings.ts'

type Group = Record<string, unknown>

const HTTP_APIS = 'http apis'

/** Puts settings together one by one and remembers which line asked for each. */
export class SettingsBuilder {
  readonly #settings: Group = {}
  readonly #httpApis: object[] = []
  readonly #sources = new Map<string, string>()

  /** Undefined leaves the setting alone. */
  set(path: readonly string[], value: unknown, place?: string): void {
    if (value === undefined) return
    const last = path.at(-1) as string
    let group = this.#settings
    for (const name of path.slice(0, -1)) group = (group[name] ??= {}) as Group
    group[last] = value
    if (place !== undefined) this.#sources.set(keyOf(path), place)
  }

  addListener(listener: object, places: ReadonlyMap<string, string>, place: string | undefined): void {
    const listeners = (this.#settings['listeners'] ??= []) as object[]
    this.#add(listeners, 'listeners', listener, places, place)
  }

  /** One for the API over HTTP, which the settings of a broker do not know. */
  addHttpApi(listener: object, places: ReadonlyMap<string, string>, place: string | undefined): void {
    this.#add(this.#httpApis, HTTP_APIS, listener, places, place)
  }

  #add(
    listeners: object[],
    group: string,
    listener: object,
    places: ReadonlyMap<string, string>,
    place: string | undefined,
  ): void {
    const path = [group, listeners.length]
    listeners.push(listener)
    if (place !== undefined) this.#sources.set(keyOf(path), place)
    for (const [name, at] of places) this.#sources.set(keyOf([...path, ...name.split('.')]), at)
  }

  /** Not checked yet: `checkSettings` says whether it is what it claims to be. */
  get settings(): PartialSettings {
    return this.#settings as PartialSettings
  }

  /** The same with the API over HTTP as its listeners. */
  get settingsOfHttpApis(): PartialSettings {
    return { ...this.settings, listeners: this.#httpApis as PartialSettings['listeners'] }
  }

  /** The line that asked for something of an API over HTTP. */
  sourceOfHttpApi([first, ...rest]: DocumentPath): string | undefined {
    return this.sourceOf([first === 'listeners' ? HTTP_APIS : (first ?? ''), ...rest])
  }

  /** The line that asked for a setting, or for the group around it. */
  sourceOf(path: DocumentPath): string | undefined {
    for (let length = path.length; length > 0; length--) {
      const source = this.#sources.get(keyOf(path.slice(0, length)))
      if (source !== undefined) return source
    }
    return undefined
  }
}

function keyOf(path: DocumentPath): string {
  return path.join('.')
}
