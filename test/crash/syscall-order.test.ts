import { describe, expect, it } from 'vitest'
import { syscallOrder } from './syscall-order.ts'

const read = '7 read(21<TCP:[1]>, "2"..., 65536) = 20'
const ack = '7 write(21<TCP:[1]>, "@"..., 4) = 4'
const whole = '9 fdatasync(18</data/db/000003.log>) = 0'
const begun = '9 fdatasync(18</data/db/000003.log> <unfinished ...>'
const returned = '9 <... fdatasync resumed>) = 0'

describe('an acknowledgement', () => {
  const cases: readonly (readonly [string, readonly string[], number])[] = [
    ['behind a sync is in time', [read, whole, ack], 0],
    ['behind a sync that was interrupted is in time', [read, begun, '7 read(3</x>, "2"..., 9) = 9', returned, ack], 0],
    ['without a sync is early', [read, ack], 1],
    ['while the sync runs is early', [read, begun, ack, returned], 1],
    ['after a sync that began before its publish is early', [begun, read, returned, ack], 1],
    ['after a sync that failed is early', [read, begun, '9 <... fdatasync resumed>) = -1 EIO', ack], 1],
    ['after a sync of another file is early', [read, '9 fdatasync(18</else/db/000003.log>) = 0', ack], 1],
    ['needs a sync of its own', [read, whole, ack, read, ack], 1],
    [
      'may be read in two parts',
      ['7 read(21<TCP:[1]>, <unfinished ...>', '7 <... read resumed>"2"..., 9) = 9', whole, ack],
      0,
    ],
  ]
  it.each(cases)('%s', (_name, lines, tooEarly) => {
    const acknowledgements = lines.filter((line) => line === ack).length
    expect(syscallOrder(lines.join('\n'), '/data')).toEqual({ acknowledgements, tooEarly })
  })
})
