import { DataDirectoryError } from './directory-error.ts'
import { inUse } from './directory-lock.ts'
import { levelFault, levelMessage } from './level-error.ts'

/** What an error of the file system or of LevelDB means for who starts a broker, and what to do. */
export async function explained(directory: string, error: unknown): Promise<DataDirectoryError> {
  if (error instanceof DataDirectoryError) return error
  const message = levelMessage(error)
  switch (levelFault(error)) {
    case 'locked':
      return inUse(directory, error)
    case 'rights':
      return new DataDirectoryError(
        'no-rights',
        `no right to read and write ${directory} (${message}); give it to the user that runs the broker ` +
          `(chown -R USER ${directory}), or choose another directory with --data`,
        error,
      )
    case 'full':
      return new DataDirectoryError(
        'full',
        `the disk of ${directory} is full, and the broker cannot open its state (${message}); make room for 32 MiB, ` +
          'or choose a directory on another disk with --data',
        error,
      )
    default:
      return new DataDirectoryError(
        'unusable',
        `cannot open the state in ${directory} (${message}); see what is in it with topiary doctor ${directory}, ` +
          'or choose another directory with --data',
        error,
      )
  }
}
