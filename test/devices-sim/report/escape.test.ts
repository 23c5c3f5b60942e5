import { describe, expect, it } from 'vitest'
import { escapeHtml, scriptJson } from '../../../devices-sim/report/html/escape.ts'

describe('texts of a run in a page', () => {
  it.each(['</script>', '</script x', '<!--<script', '\u2028\u2029', '"\\'])(
    '%j is the same after a script',
    (text) => {
      expect(scriptJson({ text })).not.toMatch(/[<>\u2028\u2029]/)
      expect(JSON.parse(scriptJson({ text }))).toEqual({ text })
    },
  )

  it('have no markup left', () => {
    expect(escapeHtml(`<a b="c" d='e'>&`)).toBe('&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;')
  })
})
