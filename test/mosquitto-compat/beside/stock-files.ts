import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Certificates } from '../../support/certificates.ts'
import { passwordFile } from './mosquitto-passwd.ts'
import type { Files } from './pair.ts'

const stock = '/etc/mosquitto'

/** Debian's files as they are, but for where they are, and what an operator adds to them in conf.d. */
export function stockFiles(made: Certificates): Files {
  const others: Record<string, string> = { 'run/.keep': '', 'lib/.keep': '', 'log/.keep': '' }
  for (const name of readdirSync(stock, { recursive: true }) as string[]) {
    const path = join(stock, name)
    if (statSync(path).isFile()) others[`etc/${name}`] = moved(readFileSync(path, 'utf8'))
  }
  const { 'etc/mosquitto.conf': conf = '', ...rest } = others
  return {
    conf,
    ports: 3,
    others: {
      ...rest,
      'etc/conf.d/local.conf': local(made),
      'etc/conf.d/as-root.conf': 'user root\n',
      'etc/passwd': passwordFile({ ada: 'secret', bert: 'geheim' }),
      'etc/acl': acl,
    },
  }
}

function moved(text: string): string {
  const places = [
    ['/etc/mosquitto', '@DIR@/etc'],
    ['/var/lib/mosquitto', '@DIR@/lib'],
    ['/var/log/mosquitto', '@DIR@/log'],
    ['/run/mosquitto', '@DIR@/run'],
  ] as const
  return places.reduce((all, [from, to]) => all.replaceAll(from, to), text)
}

const local = ({ server, authority }: Certificates): string => `
# passwords, and rights by topic
allow_anonymous false
password_file @DIR@/etc/passwd
acl_file @DIR@/etc/acl

listener @PORT1@ localhost

listener @PORT2@ localhost
cafile ${authority.caFile}
certfile ${server.certificateFile}
keyfile ${server.keyFile}

listener @PORT3@ localhost
cafile ${authority.caFile}
certfile ${server.certificateFile}
keyfile ${server.keyFile}
require_certificate true
use_identity_as_username true
`

const acl = `# who is who
user ada
topic readwrite plant/#
topic read $SYS/broker/version

user bert
topic read plant/+/public

pattern readwrite devices/%u/#
`
