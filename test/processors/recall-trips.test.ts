import { laneTrips } from '../../schemas/topics.ts'
import { hours, minutes } from '../../streams/time.ts'
import { t } from '../support/scene.ts'
import { story } from '../support/story.ts'

const due = { hamburg: '09:00', copenhagen: '18:00' }
const [TO_HAMBURG, TO_COPENHAGEN] = ['>53.5,9.5', '53.5,9.5>55.5,12.5']

story('a shipment asks its lanes, and that which all are on, as soon as it is planned', s =>
  s.planned(due).tells(laneTrips, [
    { lane: 'everywhere', calls: [], over: false, occurredAt: t('00:00') },
    { lane: TO_HAMBURG, calls: [] },
    { lane: TO_COPENHAGEN, calls: [] },
  ]),
)

story('an arrival teaches what plan and way foretold of it, each half hour', s =>
  s
    .planned(due)
    .sighted('06:40', 'progress', 'kiel')
    .sighted('06:45', 'progress', 'kiel')
    .sighted('07:05', 'progress', 'a7')
    .sighted('08:00', 'arrived', 'hamburg')
    .tells(laneTrips, [
      {},
      {},
      {},
      {
        lane: 'everywhere',
        occurredAt: t('08:00'),
        calls: [
          {
            stopId: 'hamburg',
            arrivedAt: t('08:00'),
            predictions: [
              { madeAt: t('06:40'), cell: '3b0b', leftMs: hours(1) + minutes(50) },
              { madeAt: t('07:05'), cell: '1b0b', leftMs: hours(1) + minutes(25) },
            ],
          },
        ],
        revision: 2,
      },
      { lane: TO_HAMBURG, revision: 2 },
    ]),
)

story('progress that comes after the arrival teaches too, progress of later does not', s =>
  s
    .planned(due)
    .sighted('08:00', 'arrived', 'hamburg')
    .sighted('08:10', 'progress', 'a7')
    .tells(laneTrips, [{}, {}, {}, { revision: 2 }, { revision: 2 }])
    .sighted('07:05', 'progress', 'a7')
    .tells(laneTrips, [{}, {}, {}, {}, {}, { lane: 'everywhere', revision: 3 }, { lane: TO_HAMBURG, revision: 3 }]),
)

story('an arrival that is taken back teaches nothing any more', s =>
  s
    .planned(due)
    .sighted('07:05', 'progress', 'a7')
    .sighted('08:00', 'arrived', 'hamburg')
    .sighted('08:00', 'arrived', 'hamburg', { revision: 2, retracted: true })
    .tells(laneTrips, [{}, {}, {}, {}, {}, { calls: [], revision: 3 }, { calls: [], revision: 3 }]),
)

story('that somebody left, or delivered, does not say when he came', s =>
  s
    .planned(due)
    .sighted('08:30', 'departed', 'hamburg')
    .reported('17:00', 'delivered')
    .tells(laneTrips, [{}, {}, {}, { over: true, calls: [] }, { over: true, calls: [] }, { over: true, calls: [] }]),
)

story('a plan to another place takes back what was said of the lane', s =>
  s
    .planned(due)
    .planned({ hamburg: '09:00', kiel: '18:00' }, { occurredAt: t('01:00') })
    .tells(laneTrips, [
      {},
      {},
      {},
      { lane: 'everywhere' },
      { lane: TO_HAMBURG },
      { lane: '53.5,9.5>54,10' },
      { lane: TO_COPENHAGEN, retracted: true },
    ]),
)

story('a cancelled shipment teaches nothing, for nothing is foretold of it', s =>
  s
    .planned(due)
    .sighted('07:05', 'progress', 'a7')
    .sighted('08:00', 'arrived', 'hamburg')
    .tells(laneTrips, [{}, {}, {}, { revision: 2 }, { revision: 2 }])
    .planned(due, { occurredAt: t('08:30'), status: 'cancelled' })
    .tells(laneTrips, [{}, {}, {}, {}, {}, { over: true, calls: [] }, { over: true, calls: [] }, { over: true }]),
)

story('a cancelled shipment asks nothing', s =>
  s
    .planned(due)
    .planned(due, { occurredAt: t('01:00'), status: 'cancelled' })
    .tells(laneTrips, [{}, {}, {}, { over: true }, { over: true }, { over: true }]),
)
