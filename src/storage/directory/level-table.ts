import { open } from 'node:fs/promises'
import { maskedCrc32c } from './level-crc.ts'
import { unsnapped } from './level-snappy.ts'

/**
 * A table of LevelDB, as far as it must be known to check it and to leave blocks out of it:
 *
 *   [ data block ][ data block ] ... [ filter ][ metaindex ][ index ][ footer: 48 ]
 *   block    [ bytes ][ 0 plain, 1 Snappy ][ CRC-32C: 4 ]
 *   index    for each data block  [ shared ][ own ][ value length ][ own bytes of the key ][ offset ][ size ]
 *            then restart points and their count, 4 bytes each
 *   footer   [ metaindex offset, size ][ index offset, size ] filled up to 40, magic
 */
export interface TableCheck {
  /** `cut`: it has no end, as one that a crash left; `unreadable`: there is no telling where its blocks are. */
  readonly verdict: 'sound' | 'cut' | 'unreadable' | 'damaged'
  readonly damagedBlocks: number
  /** A table of the blocks that are sound; undefined when there is none. */
  readonly mended: Buffer | undefined
}

const footerBytes = 48
const trailerBytes = 5
const magic = Buffer.from('57fb808b247547db', 'hex')

interface Handle {
  readonly key: Buffer
  readonly offset: number
  readonly size: number
}

/** With `isWhole` all blocks are looked at, else only the index. */
export async function checkTable(path: string, isWhole: boolean): Promise<TableCheck> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const from = isWhole ? 0 : Math.max(0, size - (1 << 16))
    let bytes = Buffer.alloc(size - from)
    await file.read(bytes, 0, bytes.length, from)
    if (from > 0) {
      const index = footerOf(bytes)
      // a long index begins before what was read
      if (index !== undefined && index.offset < from && index.offset < size) {
        bytes = Buffer.alloc(size)
        await file.read(bytes, 0, size, 0)
        return checkBytes(bytes, 0, false)
      }
    }
    return checkBytes(bytes, from, isWhole)
  } finally {
    await file.close()
  }
}

/** `bytes` are those of the file behind `base`. */
function checkBytes(bytes: Buffer, base: number, isWhole: boolean): TableCheck {
  const footer = footerOf(bytes)
  if (footer === undefined) return { verdict: 'cut', damagedBlocks: 0, mended: undefined }
  const index = blockAt(bytes, { ...footer, offset: footer.offset - base })
  const blocks = index === undefined ? undefined : handlesIn(index)
  if (blocks === undefined) return { verdict: 'unreadable', damagedBlocks: 0, mended: undefined }
  if (!isWhole) return { verdict: 'sound', damagedBlocks: 0, mended: undefined }
  const sound = blocks.filter((block) => isSound(bytes, block))
  const damagedBlocks = blocks.length - sound.length
  if (damagedBlocks === 0 && isFilterSound(bytes)) return { verdict: 'sound', damagedBlocks, mended: undefined }
  return { verdict: 'damaged', damagedBlocks, mended: sound.length === 0 ? undefined : tableOf(bytes, sound) }
}

function footerOf(bytes: Buffer): Omit<Handle, 'key'> | undefined {
  const footer = bytes.subarray(Math.max(0, bytes.length - footerBytes))
  if (footer.length < footerBytes || !footer.subarray(40).equals(magic)) return undefined
  const at = { at: 0 }
  for (let skipped = 0; skipped < 2; skipped++) varint(footer, at)
  return { offset: varint(footer, at), size: varint(footer, at) }
}

function isSound(bytes: Buffer, { offset, size }: Omit<Handle, 'key'>): boolean {
  if (offset < 0 || offset + size + trailerBytes > bytes.length) return false
  return bytes.readUInt32LE(offset + size + 1) === maskedCrc32c(bytes, offset, offset + size + 1)
}

/** The content of a block; undefined when it is damaged. */
function blockAt(bytes: Buffer, handle: Omit<Handle, 'key'>): Buffer | undefined {
  if (!isSound(bytes, handle)) return undefined
  const content = bytes.subarray(handle.offset, handle.offset + handle.size)
  return bytes[handle.offset + handle.size] === 1 ? unsnapped(content) : content
}

/** What an index or metaindex points to; undefined when it is none. */
function handlesIn(block: Buffer): Handle[] | undefined {
  if (block.length < 4) return undefined
  const end = block.length - 4 - 4 * block.readUInt32LE(block.length - 4)
  const handles: Handle[] = []
  const at = { at: 0 }
  let key = Buffer.alloc(0)
  while (at.at < end) {
    const [shared, own, valueBytes] = [varint(block, at), varint(block, at), varint(block, at)]
    const valueStart = at.at + own
    if (shared > key.length || valueStart + valueBytes > end) return undefined
    key = Buffer.concat([key.subarray(0, shared), block.subarray(at.at, valueStart)])
    at.at = valueStart
    handles.push({ key, offset: varint(block, at), size: varint(block, at) })
    at.at = valueStart + valueBytes
  }
  return handles
}

/** A wrong filter hides keys that are there. */
function isFilterSound(bytes: Buffer): boolean {
  const footer = bytes.subarray(bytes.length - footerBytes)
  const at = { at: 0 }
  const metaindex = blockAt(bytes, { offset: varint(footer, at), size: varint(footer, at) })
  const filters = metaindex === undefined ? undefined : handlesIn(metaindex)
  return filters !== undefined && filters.every((filter) => isSound(bytes, filter))
}

/** The same data blocks where they are, an index of the sound ones, and no filter. */
function tableOf(bytes: Buffer, sound: readonly Handle[]): Buffer {
  const last = sound.at(-1) as Handle
  const data = bytes.subarray(0, last.offset + last.size + trailerBytes)
  const metaindex = withTrailer(blockOf([]))
  const index = withTrailer(
    blockOf(
      sound.map(({ key, offset, size }) => [key, Buffer.from([...varintOf(offset), ...varintOf(size)])] as const),
    ),
  )
  const footer = Buffer.alloc(footerBytes)
  const indexAt = data.length + metaindex.length
  footer.set([
    ...varintOf(data.length),
    ...varintOf(metaindex.length - trailerBytes),
    ...varintOf(indexAt),
    ...varintOf(index.length - trailerBytes),
  ])
  footer.set(magic, 40)
  return Buffer.concat([data, metaindex, index, footer])
}

/** Each entry stands for itself, so each is a restart point. */
function blockOf(entries: readonly (readonly [key: Buffer, value: Buffer])[]): Buffer {
  const parts: Buffer[] = []
  const restarts: number[] = []
  let length = 0
  for (const [key, value] of entries) {
    restarts.push(length)
    const entry = Buffer.concat([Buffer.from([0, ...varintOf(key.length), ...varintOf(value.length)]), key, value])
    parts.push(entry)
    length += entry.length
  }
  if (restarts.length === 0) restarts.push(0)
  const tail = Buffer.alloc(4 * restarts.length + 4)
  for (const [index, restart] of restarts.entries()) tail.writeUInt32LE(restart, 4 * index)
  tail.writeUInt32LE(restarts.length, 4 * restarts.length)
  return Buffer.concat([...parts, tail])
}

function withTrailer(block: Buffer): Buffer {
  const bytes = Buffer.concat([block, Buffer.alloc(trailerBytes)])
  bytes.writeUInt32LE(maskedCrc32c(bytes, 0, block.length + 1), block.length + 1)
  return bytes
}

function varint(bytes: Buffer, place: { at: number }): number {
  let value = 0
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[place.at++] ?? 0
    value += (byte & 0x7f) * scale
    if (byte < 0x80 || scale > 2 ** 49) return value
  }
}

function varintOf(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return [...bytes, rest]
}
