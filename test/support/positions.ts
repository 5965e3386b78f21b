/** Positions as they are posted, for tests that only count them. */
export const DAY = Date.UTC(2026, 2, 2)

/** The n-th of a vehicle, one every 30 s, on its way north; n need not be whole. */
export const position = (vehicleId: string, n: number) => ({
  vehicleId,
  occurredAt: new Date(DAY + n * 30_000).toISOString(),
  latitude: 50 + n / 1_000,
  longitude: 8,
  speedMps: 10,
})
export const positions = (vehicleId: string, from: number, count: number) =>
  Array.from({ length: count }, (_, n) => position(vehicleId, from + n))

/** So many from one number on, one a second: however many are sent, the clock of events stays behind the world's. */
export const dense = (vehicleId: string, from: number, count: number) =>
  Array.from({ length: count }, (_, n) => position(vehicleId, (from + n) / 30))
