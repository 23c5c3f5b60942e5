/** What an error of LevelDB says of the world. */
export type LevelFault = 'locked' | 'full' | 'rights' | 'damage' | 'other'

/** LevelDB gives the text of errno and nothing else; opening wraps the error into one that says less. */
export function levelFault(error: unknown): LevelFault {
  const { code, message } = innermost(error)
  if (code === 'LEVEL_LOCKED') return 'locked'
  if (code === 'ENOSPC' || code === 'EDQUOT' || /No space left|quota exceeded/i.test(message)) return 'full'
  if (['EACCES', 'EPERM', 'EROFS'].includes(code) || /Permission denied|not permitted|Read-only/i.test(message)) {
    return 'rights'
  }
  if (code === 'LEVEL_CORRUPTION') return 'damage'
  // a file that is gone, or one that ends before what LevelDB looks for in it
  if (code === 'LEVEL_IO_ERROR' && /No such file|Invalid argument|Is a directory/i.test(message)) return 'damage'
  return 'other'
}

export function isDamage(error: unknown): boolean {
  return levelFault(error) === 'damage'
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** The sentence that names the file. */
export function levelMessage(error: unknown): string {
  return innermost(error).message
}

function innermost(error: unknown): { code: string; message: string } {
  let found = asError(error)
  while (found.cause instanceof Error) found = found.cause
  return { code: String((found as NodeJS.ErrnoException).code ?? ''), message: found.message }
}
