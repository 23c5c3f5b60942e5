import { isLoopback } from './loopback.ts'
import type { ListenerSettings } from './settings.ts'

/** Whether only clients on this machine can come in. Behind a proxy they may be anywhere. */
export function isForThisMachineOnly(listener: ListenerSettings): boolean {
  if (listener.kind === 'unix') return true
  return isLoopback(listener.host ?? '127.0.0.1') && (listener.proxyProtocol ?? false) === false
}

/** Whether clients that give no user name are let in. */
export function allowsAnonymous(listener: ListenerSettings): boolean {
  return listener.allowAnonymous ?? isForThisMachineOnly(listener)
}

/** Whether anybody at all may connect: without a name, and without a certificate. */
export function isOpenToAnybody(listener: ListenerSettings): boolean {
  const needsCertificate = listener.kind !== 'unix' && listener.tls?.clientCertificate === 'required'
  return allowsAnonymous(listener) && !needsCertificate
}
