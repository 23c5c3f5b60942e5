const blanks: ReadonlySet<string> = new Set([' ', '\t', '\r', '\v', '\f'])

/** Without the blanks of ASCII at its end, and at its beginning: another space is a character like any. */
export function trimBlanks(text: string): string {
  let start = 0
  while (start < text.length && blanks.has(text[start] as string)) start++
  return trimBlanksAtEnd(text.slice(start))
}

/** Counted, not searched for: a pattern would go over a long row of blanks again for each of them. */
export function trimBlanksAtEnd(text: string): string {
  let { length } = text
  while (length > 0 && blanks.has(text[length - 1] as string)) length--
  return text.slice(0, length)
}
