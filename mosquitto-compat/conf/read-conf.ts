import { nearest } from '../../src/documents/nearest.ts'
import { checkBridges } from './check-bridges.ts'
import type { ConfLine } from './conf-line.ts'
import { makesDefaultListener } from './default-listener.ts'
import type { BridgeConf, KnownLine, ListenerConf, MosquittoConf, PluginConf } from './mosquitto-conf.ts'
import type { Form } from './option.ts'
import { type OptionName, optionNamed, options, pluginOption } from './options.ts'
import { readListener } from './read-listener.ts'
import { readValue } from './read-value.ts'
import { ScopeValues } from './scope-values.ts'

/** Reads the lines of a mosquitto.conf. What is wrong goes to `faults`, `FILE:LINE: sentence` each; reading goes on. */
export function readConf(lines: readonly ConfLine[], version: '2.0' | '2.1', faults: string[]): MosquittoConf {
  const reader = new ConfReader(version, faults)
  for (const line of lines) reader.read(line)
  return reader.finished()
}

class ConfReader {
  readonly #version: '2.0' | '2.1'
  readonly #faults: string[]
  readonly #general = new ScopeValues()
  readonly #defaultListener = listenerAt(undefined, 1883, undefined)
  readonly #listeners: ListenerConf[] = []
  readonly #bridges: BridgeConf[] = []
  readonly #plugins: PluginConf[] = []
  readonly #loaded = new Map<string, PluginConf>()
  readonly #lines: KnownLine[] = []
  readonly #notices: string[] = []
  #perListener = false
  #isSecurityBegun = false

  constructor(version: '2.0' | '2.1', faults: string[]) {
    this.#version = version
    this.#faults = faults
  }

  read(line: ConfLine): void {
    if (pluginOption.test(line.key) && !Object.hasOwn(options, line.key)) return this.#readPluginOption(line)
    const option = optionNamed(line.key)
    if (option === undefined) return this.#fault(line, unknownOption(line.key))
    const { name } = option
    const { place } = line
    this.#lines.push({ place, name, option, value: line.value })
    if (option.since !== undefined && this.#version === '2.0') {
      this.#notices.push(`${place}: Mosquitto 2.0 does not have ${name}, which came with 2.1; it is used all the same`)
    }
    const read = readValue(option.form, line.value)
    if ('fault' in read) return this.#fault(line, `${name} ${read.fault}`)
    if (read.notice !== undefined) this.#notices.push(`${place}: ${name}: ${read.notice}`)
    if (option.scope === 'security') this.#isSecurityBegun = true
    const values = this.#valuesFor(line, name)
    if (values === undefined) return
    if (isOnce(option.form) && values.has(name)) {
      return this.#fault(line, `${name} is given a second time, after ${values.place(name)}; leave one of them out`)
    }
    values.add(name, read.value, place)
    this.#follow(line, name, read.value)
  }

  finished(): MosquittoConf {
    const isDefault = makesDefaultListener(this.#general, this.#defaultListener, this.#perListener)
    const listeners = isDefault ? [...this.#listeners, this.#completeDefaultListener()] : this.#listeners
    if (!isDefault && listeners.length > 0) this.#tellOfLostValues()
    checkBridges(this.#bridges, this.#faults)
    return {
      general: this.#general,
      listeners,
      defaultListener: this.#defaultListener,
      isLocalOnly: listeners.length === 0,
      perListenerSettings: this.#perListener,
      plugins: this.#plugins,
      bridges: this.#bridges,
      lines: this.#lines,
      notices: this.#notices,
    }
  }

  get #lastListener(): ListenerConf {
    return this.#listeners.at(-1) ?? this.#defaultListener
  }

  /** Whom a line speaks of; undefined where there is nobody: told as a fault. */
  #valuesFor(line: ConfLine, name: OptionName): ScopeValues | undefined {
    switch (options[name].scope) {
      case 'general':
        return this.#general
      case 'security':
        return this.#perListener ? this.#lastListener.values : this.#general
      case 'listener':
        if (name === 'mount_point' && this.#listeners.length === 0) {
          return this.#fault(line, 'mount_point stands before any listener; write it below a line "listener PORT"')
        }
        return this.#lastListener.values
      case 'bridge': {
        const bridge = this.#bridges.at(-1)
        if (bridge !== undefined) return bridge.values
        return this.#fault(line, `${name} stands before any bridge; write it below a line "connection NAME"`)
      }
      case 'plugin':
        if (this.#plugins.length > 0) return this.#general
        return this.#fault(line, `${name} stands before any plugin; write it below a line "plugin PATH"`)
    }
  }

  /** What a line does beside giving a value. */
  #follow(line: ConfLine, name: OptionName, value: boolean | number | string): void {
    const { place } = line
    const words = String(value)
    if (name === 'per_listener_settings') return this.#setPerListener(line, value === true)
    if (name === 'listener') return this.#openListener(line)
    if (name === 'connection') return this.#openBridge(line)
    if (name === 'plugin_use') return this.#usePlugin(line)
    if (name === 'plugin_load') return this.#loadPlugin(line)
    if (name === 'port' && this.#general.all('port').length > 1) {
      this.#notices.push(`${place}: port is given a second time; this one holds`)
    }
    if (name === 'plugin' || name === 'auth_plugin' || name === 'global_plugin') {
      const listeners = this.#perListener && name !== 'global_plugin' ? [this.#lastListener] : undefined
      this.#plugins.push({ place, keyword: name, path: words, listeners, options: new Map() })
    }
  }

  #setPerListener(line: ConfLine, isOn: boolean): void {
    if (isOn && this.#isSecurityBegun) {
      this.#fault(line, 'per_listener_settings must stand before users, rights and plugins; move it to the top')
    }
    this.#perListener = isOn
  }

  #openListener(line: ConfLine): void {
    const read = readListener(line.value)
    if ('fault' in read) return this.#fault(line, read.fault)
    if (read.notice !== undefined) this.#notices.push(`${line.place}: listener: ${read.notice}`)
    this.#listeners.push(listenerAt(line.place, read.port, read.address))
  }

  #openBridge(line: ConfLine): void {
    const twin = this.#bridges.find(({ name }) => name === line.value)
    if (twin !== undefined) this.#fault(line, `there is a bridge of this name already, at ${twin.place}; rename one`)
    this.#bridges.push({ name: line.value, place: line.place, values: new ScopeValues() })
  }

  #loadPlugin(line: ConfLine): void {
    const [name = '', path = ''] = line.value.split(/ +(.*)/)
    if (path === '') return this.#fault(line, 'plugin_load needs a name and a path: plugin_load NAME PATH')
    if (this.#loaded.has(name)) return this.#fault(line, `there is a plugin of the name ${name} already; rename one`)
    const plugin: PluginConf = {
      place: line.place,
      keyword: 'plugin_load',
      path,
      listeners: [],
      options: new Map(),
    }
    this.#loaded.set(name, plugin)
    this.#plugins.push(plugin)
  }

  #usePlugin(line: ConfLine): void {
    const plugin = this.#loaded.get(line.value)
    if (plugin !== undefined) plugin.listeners?.push(this.#lastListener)
    else this.#fault(line, `there is no plugin of the name ${line.value}; load it before: plugin_load NAME PATH`)
  }

  #readPluginOption(line: ConfLine): void {
    const plugin = this.#plugins.at(-1)
    const [, name = ''] = pluginOption.exec(line.key) ?? []
    if (plugin === undefined) {
      return this.#fault(line, `${line.key} stands before any plugin; write it below a line "plugin PATH"`)
    }
    if (line.value === '') return this.#fault(line, `${line.key} needs a value: the rest of the line`)
    plugin.options.set(name, { value: line.value, place: line.place })
  }

  /** The same object all the time: plugins may know it already. */
  #completeDefaultListener(): ListenerConf {
    return Object.assign(this.#defaultListener, {
      place: this.#general.place('port') ?? this.#general.place('bind_address'),
      port: this.#general.get('port') ?? 1883,
      address: this.#general.get('bind_address'),
    })
  }

  #tellOfLostValues(): void {
    const { values } = this.#defaultListener
    for (const name of values.names()) {
      this.#notices.push(`${values.place(name)}: ${name} stands before the first listener and has no effect there`)
    }
  }

  #fault(line: ConfLine, sentence: string): undefined {
    this.#faults.push(`${line.place}: ${sentence}`)
  }
}

function listenerAt(place: string | undefined, port: number, address: string | undefined): ListenerConf {
  return { place, port, address, values: new ScopeValues() }
}

function isOnce(form: Form): boolean {
  if (form.kind === 'text') return form.many !== true
  return form.kind === 'choice' && form.once === true
}

function unknownOption(key: string): string {
  if (key.startsWith('#')) return 'a comment must begin in the first column; take away the blanks before it'
  const tab = key.indexOf('\t')
  if (tab !== -1) return `an option ends at a space, not at a tab; write a space behind ${key.slice(0, tab)}`
  const meant = nearest(key, Object.keys(options))
  return `there is no option ${key}${meant === undefined ? '' : `; did you mean ${meant}?`}`
}
