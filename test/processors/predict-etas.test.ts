import { shipmentEtas } from '../../schemas/topics.ts'
import { later, seconds } from '../../streams/time.ts'
import { t } from '../support/scene.ts'
import { story } from '../support/story.ts'

/** Planned half an hour before each. As the crow flies hamburg to kiel is 87 km, kiel to copenhagen 217 km. */
const due = { hamburg: '09:00', kiel: '12:00', copenhagen: '18:00' }

story('before any progress there is no ETA but the plan', s =>
  s.planned(due).sighted('08:00', 'arrived', 'hamburg').tells(shipmentEtas, []),
)

story('every stop ahead has an ETA: what is planned, where the way can be made until then', s =>
  s
    .planned(due)
    .sighted('08:00', 'progress', 'hamburg')
    .tells(shipmentEtas, [
      { stopId: 'hamburg', occurredAt: t('08:00'), remainingM: 0, p10: t('08:15'), p50: t('08:30'), p90: t('08:40') },
      {
        stopId: 'kiel',
        remainingM: 108_784,
        p10: t('10:21'),
        p50: t('11:30'),
        p90: t('12:16'),
        basis: 'TRUCK-7, speed assumed; the plan; nothing learnt yet',
        modelId: 'plan-and-way/2',
      },
      { stopId: 'copenhagen', remainingM: 379_618 },
    ]),
)

/** At 60 km/h, with a tenth more haste. */
const HAMBURG_TO_KIEL_S = 0.9 * 6_527.055

story('where the way takes longer than the plan leaves, the way counts, and a night that may be on it', s =>
  s
    .planned({ kiel: '09:00' })
    .sighted('08:00', 'progress', 'hamburg')
    .tells(shipmentEtas, [
      {
        p50: later(t('08:00'), seconds(Math.round(HAMBURG_TO_KIEL_S))),
        basis: 'TRUCK-7, speed assumed; the way; nothing learnt yet',
      },
    ]),
)

story('who is late by now is taken to stay so', s =>
  s
    .planned(due)
    .sighted('10:00', 'arrived', 'hamburg')
    .sighted('10:30', 'departed', 'hamburg')
    .sighted('10:35', 'progress', 'a7')
    // To leave at nine, half an hour after it was planned to come; left at half past ten.
    .tells(shipmentEtas, [
      { stopId: 'kiel', p50: t('13:00') },
      { stopId: 'copenhagen', p50: t('19:00') },
    ]),
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
      { basis: 'TRUCK-7, speed assumed; the plan; nothing learnt yet', speedMps: 16.67 },
      { basis: 'TRUCK-7, speed of its last 2 h; the plan; nothing learnt yet', speedMps: 24.17 },
      { basis: 'TRUCK-7, speed of its last 2 h; the plan; nothing learnt yet', speedMps: 24.17 },
      { basis: 'OTHER, speed assumed; the plan; nothing learnt yet' },
      { basis: 'TRUCK-7, speed assumed; the plan; nothing learnt yet' },
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
