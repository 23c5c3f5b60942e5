import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'
import type { Bars, Latency } from '../report/run-report.ts'

/** Four hours; what takes longer is counted as that. */
const LONGEST_US = 4 * 3_600_000_000
/** Bars to a factor of ten. */
const BARS_PER_DECADE = 10

/** Times in microseconds, 1 us to 4 h, to within 1 %. */
export class LatencyHistogram {
  readonly #histogram: Histogram

  constructor(histogram: Histogram = emptyHistogram()) {
    this.#histogram = histogram
  }

  /** Throws for a text that no histogram wrote. */
  static decode(text: string): LatencyHistogram {
    const histogram = decodeFromCompressedBase64(text)
    histogram.autoResize = true // which its text does not say
    return new LatencyHistogram(histogram)
  }

  get count(): number {
    return this.#histogram.totalCount
  }

  record(us: number, count = 1): void {
    const value = us < 1 ? 1 : us > LONGEST_US ? LONGEST_US : Math.round(us)
    if (count === 1) this.#histogram.recordValue(value)
    else this.#histogram.recordValueWithCount(value, count)
  }

  add(other: LatencyHistogram): void {
    this.#histogram.add(other.#histogram)
  }

  reset(): void {
    this.#histogram.reset()
  }

  /** HdrHistogram V2, compressed, base64. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram)
  }

  /** 0 to 100. The library rounds up, and then beyond the highest value. */
  percentileMs(percentile: number): number {
    return this.count === 0 ? 0 : Math.min(this.#histogram.getValueAtPercentile(percentile) / 1000, this.maxMs)
  }

  get maxMs(): number {
    return this.count === 0 ? 0 : this.#histogram.maxValue / 1000
  }

  summary(): Latency {
    const { count } = this
    return {
      count,
      min: count === 0 ? 0 : this.#histogram.minNonZeroValue / 1000,
      mean: count === 0 ? 0 : this.#histogram.mean / 1000,
      p50: this.percentileMs(50),
      p90: this.percentileMs(90),
      p99: this.percentileMs(99),
      p999: this.percentileMs(99.9),
      max: this.maxMs,
    }
  }

  /** Bars that grow by a constant factor, without the empty ones at both ends. */
  bars(): Bars {
    const bars: Bars = []
    if (this.count === 0) return bars
    let upToUs = 1
    let before = 0
    for (let bar = 0; before < this.count; bar++) {
      upToUs = 10 ** (bar / BARS_PER_DECADE)
      const upTo = this.#countUpTo(upToUs)
      if (upTo > 0) bars.push({ upToMs: upToUs / 1000, count: upTo - before })
      before = upTo
    }
    return bars
  }

  #countUpTo(us: number): number {
    const { count } = this
    if (us >= this.#histogram.maxValue) return count
    // the library tells the percentile of a value only through its own steps, so the share is searched for
    let low = 0
    let high = count
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.#histogram.getValueAtPercentile((100 * middle) / count) <= us) low = middle
      else high = middle - 1
    }
    return low
  }
}

function emptyHistogram(): Histogram {
  return build({
    bitBucketSize: 32,
    autoResize: true,
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 2,
  })
}
