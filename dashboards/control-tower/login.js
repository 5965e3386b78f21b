/** What whoever has no session is told. */
import { h } from './dom.js'

export const howToLogIn = ({ login }) =>
  h(
    'section',
    { class: 'notice', key: 'login' },
    h('h2', null, login === 'failed' ? 'This link does not work any more' : 'Open the link that Milepost printed'),
    h(
      'p',
      null,
      'Milepost prints a link when it starts: look in the terminal, or the log, of the process that serves this page. The link works once, and lets this browser in for 12 hours.',
    ),
    h(
      'p',
      null,
      'Used it up, or lost it? Restart that process: it prints a new one. Programs use a token instead: ',
      h('code', null, 'milepost token create --role read'),
      '.',
    ),
  )
