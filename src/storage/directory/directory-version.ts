import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Counts up when an older broker could no longer read what is written. */
export const formatVersion = 1

/** What the file VERSION says, for people first. */
export interface DirectoryVersion {
  readonly format: number
  /** Version of Topiary that wrote it last. */
  readonly writtenBy: string
  /** Since the directory was made. */
  readonly filesSetAside: number
  /** Runs in a row that ended in a crash. */
  readonly unorderlyEnds: number
  /** Of the log, when the database was closed in good order; undefined while it is open. */
  readonly closedWith?: ClosedLog | undefined
}

export interface ClosedLog {
  readonly log: string
  readonly bytes: number
}

const fileName = 'VERSION'

/** Undefined where there is none, `unreadable` where it is not what we write. */
export async function readVersion(directory: string): Promise<DirectoryVersion | 'unreadable' | undefined> {
  let text: string
  try {
    text = await readFile(join(directory, fileName), 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === 'EISDIR') return 'unreadable'
    throw error
  }
  const format = /^format: (\d{1,9})$/m.exec(text)?.[1]
  if (!text.startsWith(heading) || format === undefined) return 'unreadable'
  return {
    format: Number(format),
    writtenBy: /^written by: (\S{1,64})$/m.exec(text)?.[1] ?? 'an unknown version',
    filesSetAside: Number(/^files set aside: (\d{1,9})$/m.exec(text)?.[1] ?? 0),
    unorderlyEnds: Number(/^crashes in a row: (\d{1,9})$/m.exec(text)?.[1] ?? 0),
    closedWith: closedLogIn(text),
  }
}

/** A reader finds the old text or the new one, whole, also after a crash. */
export async function writeVersion(directory: string, version: DirectoryVersion): Promise<void> {
  const temporary = join(directory, `${fileName}.${randomBytes(4).toString('hex')}.tmp`)
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(textOf(version))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, join(directory, fileName))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

const heading = 'Topiary data directory\n'

function closedLogIn(text: string): ClosedLog | undefined {
  const found = /^closed with: (\d+\.log), (\d{1,15}) bytes$/m.exec(text)
  return found === null ? undefined : { log: String(found[1]), bytes: Number(found[2]) }
}

function textOf({ format, writtenBy, filesSetAside, unorderlyEnds, closedWith }: DirectoryVersion): string {
  return `${heading}format: ${format}
written by: ${writtenBy}
files set aside: ${filesSetAside}
${unorderlyEnds === 0 ? '' : `crashes in a row: ${unorderlyEnds}\n`}${closedWith === undefined ? '' : `closed with: ${closedWith.log}, ${closedWith.bytes} bytes\n`}
The state of an MQTT broker: sessions, queued messages, retained messages, wills. One broker uses it at a time.
  db         the database; do not change, move or delete single files
  ballast    takes up room and is given back when the disk is full
  set-aside  damaged files, kept for whoever wants to look into them; may be deleted
"topiary doctor DIR" says what is in it and whether it is sound; "topiary backup" copies it while the broker runs.
`
}
