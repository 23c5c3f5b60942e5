import { logTypes } from '../../process-terms.ts'
import { boolean, choice, type OptionTable, text, texts } from '../option.ts'

/** Options of the log. */
export const logOptions = {
  log_dest: { form: texts, scope: 'general', usual: 'stderr', state: 'same', says: 'where the log goes' },
  log_type: {
    form: {
      kind: 'choice',
      many: true,
      choices: ['none', 'all', ...logTypes],
    },
    scope: 'general',
    usual: 'error, warning, notice, information',
    state: 'same',
    says: 'what is logged; `logLevel`',
  },
  log_facility: {
    form: choice('0', '1', '2', '3', '4', '5', '6', '7'),
    scope: 'general',
    usual: 'daemon',
    state: 'same',
    says: 'facility local0 to local7 of syslog',
  },
  log_timestamp: { form: boolean, scope: 'general', usual: 'true', state: 'same', says: 'time before every line' },
  log_timestamp_format: {
    form: text,
    scope: 'general',
    usual: 'seconds since 1970',
    state: 'same',
    says: 'for strftime',
  },
  connection_messages: {
    form: boolean,
    scope: 'general',
    usual: 'true',
    state: 'same',
    says: 'whether clients that come and go are logged',
  },
} as const satisfies OptionTable
