// Runs that the machine spoiled, and runs that the broker did.

/** Cores that the hypervisor withheld, above which a run is made again. */
export const STOLEN_CORES = 0.3

export function isNoisy(line) {
  return Math.max(line.stolen_cores ?? 0, line.first?.stolen_cores ?? 0) > STOLEN_CORES
}

const counts = ['lost', 'extra', 'disorder', 'missing', 'refused']

/** What must not have happened: `12 lost`, or an error in words. Empty for a good run. */
export function faultsOf(line) {
  if (line.error !== undefined) return [line.error]
  const own = counts.flatMap((name) => (line[name] ? [`${line[name]} ${name}`] : []))
  return line.first === undefined ? own : [...own, ...faultsOf(line.first)]
}
