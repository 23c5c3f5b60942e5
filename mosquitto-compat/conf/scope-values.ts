import type { OptionName, OptionValue } from './options.ts'

export interface Given<Value> {
  readonly value: Value
  /** `FILE:LINE` */
  readonly place: string
}

/** What is said of one thing: of all, of one listener, of one bridge. */
export class ScopeValues {
  readonly #given = new Map<OptionName, Given<boolean | number | string>[]>()

  add(name: OptionName, value: boolean | number | string, place: string): void {
    const list = this.#given.get(name)
    if (list === undefined) this.#given.set(name, [{ value, place }])
    else list.push({ value, place })
  }

  has(name: OptionName): boolean {
    return this.#given.has(name)
  }

  /** The last that was said. */
  get<Name extends OptionName>(name: Name): OptionValue<Name> | undefined {
    return this.given(name)?.value
  }

  given<Name extends OptionName>(name: Name): Given<OptionValue<Name>> | undefined {
    return this.all(name).at(-1)
  }

  all<Name extends OptionName>(name: Name): readonly Given<OptionValue<Name>>[] {
    return (this.#given.get(name) ?? []) as unknown as readonly Given<OptionValue<Name>>[]
  }

  place(name: OptionName): string | undefined {
    return this.given(name)?.place
  }

  names(): OptionName[] {
    return [...this.#given.keys()]
  }
}
