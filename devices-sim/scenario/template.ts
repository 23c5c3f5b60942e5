export type TemplateValues = Readonly<Record<string, unknown>>

/** Fills the places of a text in. A value that is not there leaves its place empty; groups come out as JSON. */
export type Template = (values: TemplateValues) => string

/** A text as it stands, or a place for a value. */
export type TemplatePart = string | { readonly name: string; readonly width: number }

/**
 * `machines-{number:4}` as a function: `{name}` is a place for a value, `{name:4}` one with zeros in front up to four
 * characters, `{{` and `}}` are braces. Throws SyntaxError for other braces.
 */
export function compileTemplate(text: string): Template {
  const outcome = parseTemplate(text)
  if ('fault' in outcome) throw new SyntaxError(`${JSON.stringify(text)}: ${outcome.fault}`)
  const { parts } = outcome
  const [only] = parts
  if (only === undefined) return () => ''
  if (parts.length === 1 && typeof only === 'string') return () => only
  return (values) => {
    let filled = ''
    for (const part of parts) filled += typeof part === 'string' ? part : filledPlace(values[part.name], part.width)
    return filled
  }
}

/** The parts of a template, or what is wrong with its braces. */
export function parseTemplate(text: string): { readonly parts: readonly TemplatePart[] } | { readonly fault: string } {
  const parts: TemplatePart[] = []
  let literal = ''
  let end = 0
  for (const match of text.matchAll(/\{\{|\}\}|\{([A-Za-z][\w-]*)(?::([1-9]\d?))?\}|[{}]/g)) {
    literal += text.slice(end, match.index)
    end = match.index + match[0].length
    const [found, name, width] = match
    if (found === '{{' || found === '}}') literal += found[0]
    else if (name === undefined)
      return { fault: `a ${found} by itself; write {name} for a value, ${found}${found} for the brace` }
    else {
      if (literal !== '') parts.push(literal)
      literal = ''
      parts.push({ name, width: Number(width ?? 0) })
    }
  }
  literal += text.slice(end)
  if (literal !== '') parts.push(literal)
  return { parts }
}

/** Names of the values a template has places for. */
export function variablesOf(text: string): ReadonlySet<string> {
  const outcome = parseTemplate(text)
  if ('fault' in outcome) return new Set()
  return new Set(outcome.parts.flatMap((part) => (typeof part === 'string' ? [] : [part.name])))
}

function filledPlace(value: unknown, width: number): string {
  if (value === undefined) return ''
  const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
  return text.padStart(width, '0')
}
