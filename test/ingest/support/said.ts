/** What senders send. */
export const fix = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  vehicleId: 'truck-7',
  occurredAt: '2026-03-01T12:00:00Z',
  latitude: 51.5,
  longitude: -0.12,
  ...more,
})

export const stop = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  stopId: 'a',
  kind: 'pickup',
  place: { name: 'Rotterdam', latitude: 51.9, longitude: 4.5 },
  plannedArrival: '2026-03-01T12:00:00+01:00',
  ...more,
})

export const shipment = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  references: [{ scheme: 'bol', value: 'B-1' }],
  vehicleId: 'truck-7',
  plannedAt: '2026-03-01T08:00:00Z',
  stops: [stop(), stop({ stopId: 'b', kind: 'delivery' })],
  ...more,
})

export const carrierEvent = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  eventId: 'e-1',
  references: [{ scheme: 'bol', value: 'B-1' }],
  code: 'departed_pickup',
  classifier: 'actual',
  occurredAt: '2026-03-01T12:30:00Z',
  ...more,
})
