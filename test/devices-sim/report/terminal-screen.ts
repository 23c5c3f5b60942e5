const ESCAPE = '\u001b'

/** What a terminal shows after all that was written. Knows only the sequences that the live view may use. */
export function terminalScreen(written: string): string[] {
  let lines: string[] = ['']
  let row = 0
  let column = 0
  const [first = '', ...rest] = written.split(`${ESCAPE}[`)
  const put = (text: string): void => {
    for (const character of text) {
      if (character === '\r') column = 0
      else if (character === '\n') [row, column] = [row + 1, 0]
      else {
        const line = (lines[row] ?? '').padEnd(column)
        lines[row] = line.slice(0, column) + character + line.slice(column + 1)
        column += 1
      }
      lines[row] ??= ''
    }
  }
  put(first)
  for (const part of rest) {
    const [sequence = '', count = '', letter = ''] = /^(\d*)([AJKm])|^\?25[hl]/.exec(part) ?? []
    if (sequence === '') throw new Error(`unknown sequence ${JSON.stringify(part)}`)
    if (letter === 'A') row = Math.max(0, row - Number(count))
    if (letter === 'K' || letter === 'J') lines[row] = (lines[row] ?? '').slice(0, column)
    if (letter === 'J') lines = lines.slice(0, row + 1)
    put(part.slice(sequence.length))
  }
  return lines
}

/** Escape characters made visible, for comparing. */
export function visible(text: string): string {
  return text.replaceAll(ESCAPE, '<esc>').replaceAll('\r', '<cr>')
}

export function withoutSequences(text: string): string {
  return text.replaceAll(new RegExp(`${ESCAPE}\\[[?\\d]*[A-Za-z]`, 'g'), '')
}
