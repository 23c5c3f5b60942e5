/** What happened, in the order in which `strace -f -y -s 1` wrote it. */
type Happening = 'publish read' | 'sync begun' | 'sync returned' | 'synced whole' | 'puback written'

export interface SyscallOrder {
  readonly acknowledgements: number
  /** PUBACKs that left although no sync had begun after their PUBLISH was read and returned since. */
  readonly tooEarly: number
}

/**
 * Of one client that waits for each PUBACK before its next PUBLISH: every acknowledgement must have a sync of the data
 * directory between them, from its beginning to its end.
 */
export function syscallOrder(trace: string, directory: string): SyscallOrder {
  let [acknowledgements, tooEarly] = [0, 0]
  let state: 'idle' | 'read' | 'syncing' | 'synced' = 'idle'
  const syncing = new Set<string>()
  for (const line of trace.split('\n')) {
    switch (happeningOf(line, directory, syncing)) {
      case 'publish read':
        state = 'read'
        break
      case 'sync begun':
        if (state === 'read') state = 'syncing'
        break
      case 'sync returned':
        if (state === 'syncing') state = 'synced'
        break
      case 'synced whole':
        if (state === 'read') state = 'synced'
        break
      case 'puback written':
        acknowledgements++
        if (state !== 'synced') tooEarly++
        state = 'idle'
        break
      case undefined:
    }
  }
  return { acknowledgements, tooEarly }
}

/** PUBLISH at QoS 1 begins with 0x32, which is `2`, PUBACK with 0x40, `@`; each comes alone here. */
function happeningOf(line: string, directory: string, syncing: Set<string>): Happening | undefined {
  const [, thread = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
  const hasWorked = call.endsWith(' = 0')
  if (/^f(data)?sync\(/.test(call) && call.includes(`<${directory}/`)) {
    if (!call.includes('<unfinished')) return hasWorked ? 'synced whole' : undefined
    syncing.add(thread)
    return 'sync begun'
  }
  if (/^<\.\.\. f(data)?sync resumed>/.test(call))
    return syncing.delete(thread) && hasWorked ? 'sync returned' : undefined
  if (/^(read\(\d+<(TCP|socket)[^"]*|<\.\.\. read resumed>)"2"/.test(call)) return 'publish read'
  if (/^(write|writev|sendto|sendmsg)\(\d+<(TCP|socket)[^"]*"@"/.test(call)) return 'puback written'
  return undefined
}
