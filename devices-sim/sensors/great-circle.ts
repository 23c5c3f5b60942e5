/** Of the earth, in metres, as the haversine formula takes it: a ball. */
const earthRadius = 6_371_000
const degree = Math.PI / 180
/** Metres from one degree of latitude to the next. */
export const metresPerDegree = earthRadius * degree

/** Latitude and longitude in degrees. */
export type Coordinate = readonly [latitude: number, longitude: number]

/** Metres between two points. */
export function distance(from: Coordinate, to: Coordinate): number {
  return earthRadius * angle(from, to)
}

/** The point on the shortest way between two, `share` of it from the first. */
export function between(from: Coordinate, to: Coordinate, share: number): Coordinate {
  const whole = angle(from, to)
  const sine = Math.sin(whole)
  if (sine < 1e-9) return share < 0.5 ? from : to
  const near = Math.sin((1 - share) * whole) / sine
  const far = Math.sin(share * whole) / sine
  const [fromX, fromY, fromZ] = onBall(from)
  const [toX, toY, toZ] = onBall(to)
  const x = near * fromX + far * toX
  const y = near * fromY + far * toY
  const z = near * fromZ + far * toZ
  return [Math.atan2(z, Math.hypot(x, y)) / degree, Math.atan2(y, x) / degree]
}

/** Where the shortest way to a point sets out to, in degrees: 0 is north, 90 east. */
export function bearing([fromLatitude, fromLongitude]: Coordinate, [toLatitude, toLongitude]: Coordinate): number {
  const turn = (toLongitude - fromLongitude) * degree
  const from = fromLatitude * degree
  const to = toLatitude * degree
  const east = Math.sin(turn) * Math.cos(to)
  const north = Math.cos(from) * Math.sin(to) - Math.sin(from) * Math.cos(to) * Math.cos(turn)
  return (Math.atan2(east, north) / degree + 360) % 360
}

/** The point some metres away; only for short ways. */
export function moved([latitude, longitude]: Coordinate, north: number, east: number): Coordinate {
  const moreLatitude = Math.min(90, Math.max(-90, latitude + north / metresPerDegree))
  const perDegree = metresPerDegree * Math.max(Math.cos(latitude * degree), 1e-6)
  const turned = longitude + east / perDegree
  return [moreLatitude, turned - 360 * Math.floor((turned + 180) / 360)]
}

function angle([fromLatitude, fromLongitude]: Coordinate, [toLatitude, toLongitude]: Coordinate): number {
  const up = Math.sin(((toLatitude - fromLatitude) * degree) / 2) ** 2
  const across = Math.sin(((toLongitude - fromLongitude) * degree) / 2) ** 2
  const haversine = up + Math.cos(fromLatitude * degree) * Math.cos(toLatitude * degree) * across
  return 2 * Math.asin(Math.min(1, Math.sqrt(haversine)))
}

function onBall([latitude, longitude]: Coordinate): readonly [number, number, number] {
  const flat = Math.cos(latitude * degree)
  return [flat * Math.cos(longitude * degree), flat * Math.sin(longitude * degree), Math.sin(latitude * degree)]
}
