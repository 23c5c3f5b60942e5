import type { ByteStream, ByteStreamEvents } from '../contracts/byte-stream.ts'
import { AroundStream } from './around-stream.ts'
import { MountingEditor, type PacketLimits, UnmountingEditor } from './mount-edits.ts'
import { PacketEdits } from './packet-edits.ts'

/** The stream as the broker is to have it, by what its listener says. */
export function mounted(stream: ByteStream, limits: PacketLimits): ByteStream {
  const mountPoint = stream.peer.rules?.mountPoint
  return mountPoint === undefined ? stream : new MountedStream(stream, mountPoint, limits)
}

/** A client that sees the topics below a mount point as the whole: its packets are rewritten on their way. */
export class MountedStream extends AroundStream {
  readonly #inbound: PacketEdits
  readonly #outbound: PacketEdits

  constructor(inner: ByteStream, mountPoint: string, limits: PacketLimits) {
    super(inner)
    const mount = new TextEncoder().encode(mountPoint)
    this.#inbound = new PacketEdits(new MountingEditor(mount, limits))
    this.#outbound = new PacketEdits(new UnmountingEditor(mount))
  }

  open(events: ByteStreamEvents): void {
    this.inner.open({
      onData: (chunk) => {
        const bytes = this.#inbound.push(chunk)
        if (bytes.length > 0) events.onData(bytes)
      },
      onClose: (error) => events.onClose(error),
    })
  }

  override write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): void {
    const edited = this.#outbound.push(bytes)
    if (edited.length > 0) this.inner.write(edited, onWritten)
    else setImmediate(onWritten) // the beginning of a packet that goes with the rest
  }
}
