/** One line that says something. */
export interface ConfLine {
  /** `FILE:LINE` */
  readonly place: string
  readonly key: string
  /** Without blanks at its ends; may be empty. */
  readonly value: string
}

/** The lines of one file: a comment begins in the first column, the key ends at the first space. */
export function confLines(file: string, content: string): ConfLine[] {
  return content.split('\n').flatMap((raw, index) => {
    if (raw.startsWith('#')) return []
    const line = raw.replace(/[\r ]+$/, '').replace(/^ +/, '')
    if (line === '') return []
    const space = line.indexOf(' ')
    const key = space === -1 ? line : line.slice(0, space)
    return [{ place: `${file}:${index + 1}`, key, value: space === -1 ? '' : line.slice(space).trim() }]
  })
}
