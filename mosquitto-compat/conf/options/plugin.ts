import { boolean, type OptionTable, texts } from '../option.ts'

const known =
  'mosquitto_password_file and mosquitto_acl_file become their files, mosquitto_persist_sqlite becomes persistence; any other plugin stops the start, since what it decided nobody would decide'

/** Options of plugins. Keys that begin with plugin_opt_ or auth_opt_ are options of the plugin before them. */
export const pluginOptions = {
  plugin: { form: texts, scope: 'security', usual: 'none', state: 'different', says: known },
  global_plugin: {
    form: texts,
    scope: 'general',
    since: '2.1',
    usual: 'none',
    state: 'different',
    says: 'as plugin, for all listeners',
  },
  auth_plugin: {
    form: texts,
    scope: 'security',
    deprecated: true,
    usual: 'none',
    state: 'different',
    says: 'as plugin, which is its newer name',
  },
  plugin_load: {
    form: texts,
    scope: 'general',
    since: '2.1',
    usual: 'none',
    state: 'different',
    says: 'as plugin, once a listener uses it',
  },
  plugin_use: {
    form: texts,
    scope: 'listener',
    since: '2.1',
    usual: 'none',
    state: 'different',
    says: 'as plugin, for the one listener',
  },
  auth_plugin_deny_special_chars: {
    form: boolean,
    scope: 'plugin',
    usual: 'true',
    state: 'not applicable',
    says: 'it is for plugins of the old kind, of which none is loaded',
  },
} as const satisfies OptionTable
