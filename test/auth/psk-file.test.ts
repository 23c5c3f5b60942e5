import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parsePskFile } from '../../src/auth/psk-file.ts'

function parse(text: string): { keys: Record<string, string>; warnings: readonly string[] } {
  const { keys, warnings } = parsePskFile(text, 'devices.psk')
  return {
    keys: Object.fromEntries([...keys].map(([identity, key]) => [identity, Buffer.from(key).toString('hex')])),
    warnings,
  }
}

it('a file of pre-shared keys has one on each line', () => {
  const text = '# keys\r\n\n pump 7 : 00fF \r\nvalve:0123456789abcdef\n#old:00'
  expect(parse(text)).toEqual({ keys: { 'pump 7': '00ff', valve: '0123456789abcdef' }, warnings: [] })
})

it.each([
  ['pump', 'it has no colon'],
  [':00', 'the identity is empty'],
  ['pump:', 'the key must be pairs of hexadecimal digits'],
  ['pump:0x00', 'the key must be pairs of hexadecimal digits'],
  ['pump:000', 'the key must be pairs of hexadecimal digits'],
  ['pump:00:00', 'the key must be pairs of hexadecimal digits'],
  [`pump:${'00'.repeat(513)}`, 'a key has at most 512 bytes'],
  [`${'p'.repeat(257)}:00`, 'an identity has at most 256 bytes'],
  ['pu\tmp:00', 'an identity has no control characters'],
  ['known:11', 'the identity "known" stands further up'],
])('the line %j is skipped with a warning', (line, warning) => {
  const { keys, warnings } = parse(`known:00\n${line}\nlast:22`)
  expect(keys).toEqual({ known: '00', last: '22' })
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toContain(`devices.psk:2: skipped, ${warning}`)
})

it('a file of pre-shared keys never throws, and knows no key that does not stand in it', () => {
  const part = fc.constantFrom('a', 'b', ':', '00', 'fF', '0', ' ', '\n', '\r', '#', '\0', '0x', 'ü')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
      const text = parts.join('')
      for (const [identity, key] of Object.entries(parse(text).keys)) {
        expect(text).toContain(identity)
        expect(text.toLowerCase()).toContain(key)
      }
    }),
    { numRuns: 1000 },
  )
})
