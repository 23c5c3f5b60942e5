import { packageVersion } from '../../src/settings/version.ts'
import type { MosquittoVersion } from '../mosquitto-version.ts'

/** `mosquitto version 2.1 (topiary 0.1.0)`: whose rules hold, and who keeps them. */
export function versionText(version: MosquittoVersion): string {
  return `mosquitto version ${version} (topiary ${packageVersion()})`
}

export function usageText(): string {
  return `${versionText('2.1')}

Topiary, an MQTT v5.0/v3.1.1/v3.1 broker, started as Mosquitto is: the same flags, files, signals and log.

Usage: mosquitto [-c config_file] [-d] [-p port] [-v | -q] [--test-config] [-h] [--version]

 -c, --config-file : the broker's mosquitto.conf.
 -d, --daemon      : put the broker into the background once it is running.
 -h, --help        : display this help.
 -p, --port        : listen on this port, for clients on this machine; up to 10 times.
                     Not recommended in conjunction with the -c option.
 -q, --quiet       : no log at all. This overrides -v and the config file.
 -v, --verbose     : log everything. This overrides the config file.
 --test-config     : check the config file and all the files it names, and exit: 0 = good, 3 = not.
 --version         : display the version.

Signals: TERM and INT stop, HUP reads everything again (all of it or nothing), USR1 brings everything to disk,
USR2 prints subscriptions and retained topics, RTMIN opens log files anew.
Exit codes: 0 stopped, 1 could not start, 3 wrong flags or a wrong config file.

What differs from Mosquitto: mosquitto-compat/README.md
`
}
