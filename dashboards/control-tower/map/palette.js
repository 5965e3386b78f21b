/** The map's colours. Those of vehicles are told apart by lightness too, and the worst by a ring. */

export const LIGHT = {
  ...{ water: '#d8e4ea', land: '#f7f6f2', border: '#cfd0c8', town: '#6d7680', country: '#9aa2a8' },
  ...{ bad: '#c81e2b', warn: '#d97a00', good: '#0b7a63', idle: '#6b7a86', silent: '#7d5ba6' },
  ...{ edge: '#ffffff', ink: '#16202a', pill: '#ffffff', route: '#3b5bdb', ring: 'rgba(200,30,43,0.22)' },
}
export const DARK = {
  ...{ water: '#10171c', land: '#1f282e', border: '#36424a', town: '#93a1ab', country: '#5f6e79' },
  ...{ bad: '#ff6b6b', warn: '#ffb347', good: '#3ecfa8', idle: '#8fa0ad', silent: '#b79be0' },
  ...{ edge: '#10171c', ink: '#e7ecef', pill: '#2a343b', route: '#8da2fb', ring: 'rgba(255,107,107,0.3)' },
}
