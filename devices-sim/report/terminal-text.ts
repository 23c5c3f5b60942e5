const codes = { bad: '31', good: '32', doubtful: '33', strong: '1', quiet: '2' } as const

export type Paint = (text: string, style: keyof typeof codes | undefined) => string

export const unpainted: Paint = (text) => text

export const painted: Paint = (text, style) => (style === undefined ? text : `\u001b[${codes[style]}m${text}\u001b[0m`)

/** Colours where a terminal shows them and nobody asked for none, see no-color.org. */
export function paintFor(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): Paint {
  return isTerminal && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb' ? painted : unpainted
}

/** Without what would move the cursor or change colours: names in a report may come from a broker or a file. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ')
}
