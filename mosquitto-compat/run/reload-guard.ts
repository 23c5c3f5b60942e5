import { MosquittoConfError } from '../conf/conf-error.ts'
import type { LoadedMosquittoConf } from '../load-mosquitto-conf.ts'

/**
 * `load`, for a broker that reads its conf again. A conf that named listeners and names none any more was most likely
 * read while it was being written, or lost a file of its include_dir: taken as it stands it would close every listener
 * and let everybody on this machine in without a login, so it is refused.
 */
export function guardedReload(load: () => LoadedMosquittoConf): () => LoadedMosquittoConf {
  let hadListeners = false
  return () => {
    const loaded = load()
    if (hadListeners && loaded.conf.isLocalOnly) throw new MosquittoConfError([noListeners])
    hadListeners ||= !loaded.conf.isLocalOnly
    return loaded
  }
}

const noListeners =
  'the conf named listeners and names none now, as one does that is half written; to serve this machine only, start anew'
