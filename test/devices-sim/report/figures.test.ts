import { describe, expect, it } from 'vitest'
import {
  bytesText,
  counted,
  countText,
  durationText,
  millisecondsText,
  percentText,
} from '../../../devices-sim/report/figures.ts'

describe('figures for people', () => {
  it.each([
    [countText(0), '0'],
    [countText(999), '999'],
    [countText(1_234_567), '1,234,567'],
    [millisecondsText(0), '0'],
    [millisecondsText(0.0421), '0.042'],
    [millisecondsText(0.0999), '0.10'],
    [millisecondsText(4.2), '4.20'],
    [millisecondsText(9.996), '10.0'],
    [millisecondsText(42.04), '42.0'],
    [millisecondsText(99.96), '100'],
    [millisecondsText(4200.4), '4,200'],
    [durationText(0.4), '0.4 s'],
    [durationText(59.96), '1 min 00 s'],
    [durationText(185), '3 min 05 s'],
    [durationText(7620), '2 h 07 min'],
    [durationText(7199.9), '2 h 00 min'],
    [bytesText(118_400_000), '118 MB'],
    [bytesText(1_412_000_000), '1.41 GB'],
    [bytesText(1500), '1.5 kB'],
    [percentText(99_999, 100_000), '99.9%'],
    [percentText(5, 5), '100%'],
    [percentText(0, 0), '-'],
    [counted(1, 'message'), '1 message'],
    [counted(2000, 'process', 'processes'), '2,000 processes'],
  ])('%s is written as %s', (written, expected) => {
    expect(written).toBe(expected)
  })
})
