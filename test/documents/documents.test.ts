import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { checkDocument } from '../../src/documents/check-document.ts'
import { DocumentError } from '../../src/documents/document-error.ts'
import { parseDocumentFile } from '../../src/documents/document-file.ts'
import type { DocumentKind } from '../../src/documents/document-kind.ts'
import { placedFaults } from '../../src/documents/placed-faults.ts'
import { writtenJsonSchema } from '../../src/documents/written-json-schema.ts'

const word = z
  .string()
  .regex(/^[a-z]+$/)
  .meta({ examples: ['oak'] })
const tree = z.discriminatedUnion('sort', [
  z.strictObject({ sort: z.literal('leaf'), weight: z.number().positive() }),
  z.strictObject({ sort: z.literal('branch'), length: z.number().min(0).max(9), count: z.int().min(1).max(3) }),
])
const schema = z.strictObject({
  trees: z.record(word, tree).default({}),
  place: z.tuple([z.number().max(9), z.boolean()]).optional(),
  wait: z
    .union([
      z.number().min(0),
      z
        .string()
        .regex(/^\d+s$/)
        .meta({ examples: ['5s'] }),
    ])
    .optional(),
  token: z.string().min(1).optional().meta({ writeOnly: true }),
})

class GardenError extends DocumentError {}

const kind: DocumentKind = {
  schema: () => writtenJsonSchema(schema),
  file: 'garden file',
  whole: 'the garden',
  entry: 'plant',
  entries: 'plants',
  manual: 'the garden book',
  error: GardenError,
}

function faultsIn(text: string): readonly string[] {
  try {
    const file = parseDocumentFile(text, 'g.yaml', kind, { SIZE: '4' })
    const outcome = checkDocument(schema, file.given, kind)
    return 'faults' in outcome ? placedFaults(outcome.faults, file) : []
  } catch (error) {
    expect(error).toBeInstanceOf(GardenError)
    return (error as GardenError).faults
  }
}

describe('a document is explained in the words of its kind', () => {
  it.each([
    ['a name', 'tree: 1', '1:1: there is no plant tree; did you mean trees?'],
    ['the whole', '[1]', '1:1: the garden must be a group of plants, not a list'],
    ['two documents', 'wait: 1\n---\n', '2:1: a garden file is one document; take out the ---'],
    ['a merge', '<<: {wait: 1}', '1:1: there is no plant ["<<"]; groups are not merged here, write the plants out'],
    ['a kind', 'trees: {oak: {sort: root}}', '1:21: trees.oak.sort must be one of leaf, branch, not "root"'],
    [
      'a name of a kind',
      'trees: {oak: {sort: leaf, weight: 1, wieght: 2}}',
      '1:38: there is no plant trees.oak.wieght; did you mean weight?',
    ],
    [
      'a name by its pattern',
      'trees: {Oak: {sort: leaf, weight: 1}}',
      '1:9: trees.Oak cannot be a name, it must be a text like "oak"',
    ],
    ['an empty name', 'trees: {"": {sort: leaf, weight: 1}}', '1:9: trees[""] has no name: it is empty'],
    [
      'a number above',
      'trees: {oak: {sort: leaf, weight: 0}}',
      '1:35: trees.oak.weight must be a number above 0, not 0',
    ],
    [
      'a number between',
      'trees: {oak: {sort: branch, length: 10, count: 1}}',
      '1:37: trees.oak.length must be a number from 0 to 9, not 10',
    ],
    ['a number at most', 'place: [10, true]', '1:9: place[0] must be a number of at most 9, not 10'],
    ['another place of a tuple', 'place: [1, 2]', '1:12: place[1] must be true or false, not 2'],
    ['one of two forms', 'wait: soon', '1:7: wait must be a number from 0 or a text like "5s", not "soon"'],
    ['a secret', 'token: 5', '1:8: token must be a text that is not empty, not a number; put it in quotes'],
    ['a variable', 'wait: ${SIZES}', '1:7: the variable SIZES is not set, nor is SIZES_FILE'],
  ])('%s', (_, text, fault) => {
    expect(faultsIn(text)).toEqual([`g.yaml:${fault}`])
  })

  it('too long', () => {
    expect(faultsIn('#'.repeat(1024 * 1024 + 1))).toEqual(['g.yaml: more than 1 MiB is no garden file'])
  })

  it('in the order of the file, after what others said', () => {
    const text = 'place: [1]\nwait: soon\ntrees: []'
    const file = parseDocumentFile(text, 'g', kind)
    const outcome = checkDocument(schema, file.given, kind)
    const faults = 'faults' in outcome ? outcome.faults : []
    const lines = placedFaults(faults, file, ([first]) => (first === 'wait' ? 'WAIT' : undefined))
    expect(lines.map((line) => line.split(': ', 1)[0])).toEqual(['WAIT', 'g:1:8', 'g:3:8'])
  })
})

describe('a document', () => {
  it('that is right comes with its variables put in and its defaults', () => {
    const { given } = parseDocumentFile('wait: ${SIZE}\ntoken: ${SIZE}', 'g', kind, { SIZE: '4' })
    expect(checkDocument(schema, given, kind)).toEqual({ value: { trees: {}, wait: 4, token: '4' } })
  })
})
