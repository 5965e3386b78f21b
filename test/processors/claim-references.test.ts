import { carrierClaims, lates } from '../../schemas/topics.ts'
import { BOL, t } from '../support/scene.ts'
import { story } from '../support/story.ts'

const container = { scheme: 'container', value: 'MSKU1' }

story('an event is claimed under each of its references', s =>
  s.reported('10:00', 'loaded', { references: [BOL, container, BOL] }).tells(carrierClaims, [
    { scheme: 'bol', value: 'BOL-1', partner: 'nordic', code: 'loaded', occurredAt: t('10:00'), revision: 1 },
    { scheme: 'container', value: 'MSKU1' },
  ]),
)

story('the version that was updated last holds, whenever it comes', s =>
  s
    .reported('10:00', 'loaded', { updatedAt: t('12:00') })
    .reported('09:00', 'loaded', { updatedAt: t('11:00') })
    .reported('10:30', 'loaded', { updatedAt: t('13:00') })
    .reported('10:00', 'loaded', { updatedAt: t('12:00') })
    .tells(carrierClaims, [
      { occurredAt: t('10:00'), revision: 1 },
      { occurredAt: t('10:30'), revision: 2 },
    ]),
)

story('a version that names other references takes the claim back where it is no longer named', s =>
  s
    .reported('10:00', 'loaded')
    .reported('10:00', 'loaded', { references: [container], updatedAt: t('11:00') })
    .tells(carrierClaims, [
      { scheme: 'bol', retracted: false },
      { scheme: 'container', retracted: false },
      { scheme: 'bol', retracted: true, revision: 2 },
    ]),
)

story('an event that its partner took back is claimed nowhere, until a later version', s =>
  s
    .reported('10:00', 'loaded', { retracted: true, updatedAt: t('12:00') })
    .reported('10:00', 'loaded')
    .tells(carrierClaims, [])
    .reported('10:00', 'loaded', { updatedAt: t('13:00') })
    .tells(carrierClaims, [{ revision: 1 }])
    .reported('10:00', 'loaded', { retracted: true, updatedAt: t('14:00') })
    .tells(carrierClaims, [{}, { retracted: true, revision: 2 }]),
)

story('a correction three months later is late; the same again is not', s =>
  s
    .reported('10:00', 'loaded')
    .until('06-10 00:00')
    .reported('10:00', 'loaded')
    .tells(lates, [])
    .reported('10:00', 'loaded', { updatedAt: t('11:00') })
    .tells(carrierClaims, [{}])
    .tells(lates, [{ processor: 'claim-references', key: 'nordic/loaded' }]),
)
