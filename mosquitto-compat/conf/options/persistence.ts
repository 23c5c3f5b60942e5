import { boolean, limit, type OptionTable, text } from '../option.ts'

/** Options of what outlives the process. */
export const persistenceOptions = {
  persistence: {
    form: boolean,
    scope: 'general',
    usual: 'false',
    state: 'same',
    says: '`storage.directory`; what is acknowledged is on disk, which is more than Mosquitto promises',
  },
  retained_persistence: {
    form: boolean,
    scope: 'general',
    deprecated: true,
    usual: 'false',
    state: 'same',
    says: 'another name of persistence',
  },
  persistence_file: {
    form: text,
    scope: 'general',
    usual: 'mosquitto.db',
    state: 'same',
    says: 'state is kept under its name: `storage.directory` is topiary-data-NAME where it is not mosquitto.db',
  },
  persistence_location: {
    form: text,
    scope: 'general',
    usual: 'the working directory',
    state: 'same',
    says: '`storage.directory` is topiary-data in it',
  },
  autosave_interval: {
    form: limit(),
    scope: 'general',
    usual: '1800',
    state: 'same',
    says: 'never later than this: state is on disk before it is acknowledged',
  },
  autosave_on_changes: {
    form: boolean,
    scope: 'general',
    usual: 'false',
    state: 'same',
    says: 'never after more changes than this: state is on disk before it is acknowledged',
  },
} as const satisfies OptionTable
