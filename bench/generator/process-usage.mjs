// What processes and the machine burn, from /proc: the same figures as the generator in C takes.
import { readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100 // USER_HZ, on every machine that Node runs on

/** CPU seconds of a process, its memory, and the ticks of the machine. */
export function usageOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  const machine = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))[1].split(' ').map(Number)
  const { user, system } = process.cpuUsage()
  return {
    atMs: performance.now(),
    cpu: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    own: (user + system) / 1e6,
    rssKb: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]),
    stolen: machine[7] / TICKS_PER_SECOND,
    busy:
      machine.reduce((sum, ticks, index) => (index === 3 || index === 4 || index > 7 ? sum : sum + ticks), 0) /
      TICKS_PER_SECOND,
  }
}

/** The difference of two, per message. */
export function usageBetween(before, after, messages) {
  const secs = (after.atMs - before.atMs) / 1000
  const [cpu, own, stolen] = ['cpu', 'own', 'stolen'].map((name) => after[name] - before[name])
  const other = (after.busy - before.busy - stolen - cpu - own) / secs
  return {
    secs,
    broker_cpu_s: cpu,
    gen_cpu_s: own,
    broker_cores: cpu / secs,
    other_cores: Math.max(0, other),
    stolen_cores: stolen / secs,
    us_per_msg: (cpu * 1e6) / Math.max(1, messages),
    gen_us_per_msg: (own * 1e6) / Math.max(1, messages),
    rss_peak_kb: after.rssKb,
  }
}
