import { shipmentEtas } from '../../schemas/topics.ts'
import { later, minutes, seconds } from '../../streams/time.ts'
import { stopAt, t } from '../support/scene.ts'
import { story } from '../support/story.ts'

/** As the crow flies hamburg to kiel is 87 km, kiel to copenhagen 217 km. */
const due = { hamburg: '09:00', kiel: '12:00', copenhagen: '18:00' }
const HAMBURG_TO_KIEL_S = 6_527.055

story('before any progress there is no ETA but the plan', s =>
  s.planned(due).sighted('08:00', 'arrived', 'hamburg').tells(shipmentEtas, []),
)

story('every stop ahead has an ETA: the way that is left, at 60 km/h, and half an hour at each stop between', s =>
  s
    .planned(due)
    .sighted('08:00', 'progress', 'hamburg')
    .tells(shipmentEtas, [
      { stopId: 'hamburg', occurredAt: t('08:00'), remainingM: 0, p10: t('08:00'), p50: t('08:00'), p90: t('08:00') },
      {
        stopId: 'kiel',
        remainingM: 108_784,
        p10: later(t('08:00'), seconds(Math.round(0.85 * (30 * 60 + HAMBURG_TO_KIEL_S)))),
        p50: later(t('08:00'), minutes(30) + seconds(Math.round(HAMBURG_TO_KIEL_S))),
        p90: later(t('08:00'), seconds(Math.round(1.35 * (30 * 60 + HAMBURG_TO_KIEL_S)))),
        basis: 'TRUCK-7, speed assumed',
        modelId: 'remaining-way/1',
      },
      { stopId: 'copenhagen', remainingM: 379_618 },
    ]),
)

story('a planned stay counts instead of half an hour', s =>
  s
    .planned({}, { stops: [{ ...stopAt('hamburg', '09:00'), plannedDeparture: t('08:40') }, stopAt('kiel', '12:00')] })
    .sighted('08:00', 'progress', 'hamburg')
    .tells(shipmentEtas, [{}, { p50: later(t('08:00'), minutes(10) + seconds(Math.round(HAMBURG_TO_KIEL_S))) }]),
)

story('a stay that is planned to end before it begins takes no time', s =>
  s
    .planned({}, { stops: [{ ...stopAt('hamburg', '09:00'), plannedDeparture: t('08:00') }, stopAt('kiel', '12:00')] })
    .sighted('08:00', 'progress', 'hamburg')
    .tells(shipmentEtas, [{}, { p50: later(t('08:00'), seconds(Math.round(HAMBURG_TO_KIEL_S))) }]),
)

story('the speed is that of the vehicle’s last two hours while it moved', s =>
  s
    .planned({ copenhagen: '18:00' })
    .sighted('07:00', 'progress', 'hamburg')
    .sighted('08:00', 'progress', 'kiel')
    .sighted('08:30', 'progress', 'kiel')
    .sighted('09:30', 'progress', 'hamburg', { vehicleId: 'OTHER' })
    .sighted('09:40', 'progress', 'kiel')
    .tells(shipmentEtas, [
      { basis: 'TRUCK-7, speed assumed', speedMps: 16.67 },
      { basis: 'TRUCK-7, speed of its last 2 h', speedMps: 24.17 },
      { basis: 'TRUCK-7, speed of its last 2 h', speedMps: 24.17 },
      { basis: 'OTHER, speed assumed' },
      { basis: 'TRUCK-7, speed assumed' },
    ]),
)

story('a stop that was reached, and any before it, has no ETA any more', s =>
  s
    .planned(due)
    .sighted('08:00', 'progress', 'hamburg')
    .sighted('11:00', 'arrived', 'kiel')
    .tells(shipmentEtas, [
      { stopId: 'hamburg' },
      { stopId: 'kiel' },
      { stopId: 'copenhagen' },
      { stopId: 'copenhagen', revision: 2 },
      { stopId: 'hamburg', retracted: true },
      { stopId: 'kiel', retracted: true },
    ]),
)

story('progress that comes late changes nothing, progress taken back does', s =>
  s
    .planned({ copenhagen: '18:00' })
    .sighted('09:00', 'progress', 'kiel')
    .sighted('06:00', 'progress', 'hamburg')
    .tells(shipmentEtas, [{ occurredAt: t('09:00') }])
    .sighted('09:00', 'progress', 'kiel', { revision: 2, retracted: true })
    .tells(shipmentEtas, [{}, { occurredAt: t('06:00'), revision: 2 }])
    .sighted('06:00', 'progress', 'hamburg', { revision: 2, retracted: true })
    .tells(shipmentEtas, [{}, {}, { retracted: true }])
    .restarted()
    .sighted('09:04', 'progress', 'kiel', { revision: 3 })
    .tells(shipmentEtas, [{}, {}, {}, { occurredAt: t('09:04'), retracted: false, revision: 4 }]),
)

story('a cancelled shipment has no ETA', s =>
  s
    .planned({ copenhagen: '18:00' })
    .sighted('09:00', 'progress', 'kiel')
    .planned({ copenhagen: '18:00' }, { occurredAt: t('09:00'), status: 'cancelled' })
    .tells(shipmentEtas, [{}, { retracted: true }]),
)
