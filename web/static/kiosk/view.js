// Puts a state on the page. Names and apps are only ever there while it is in use.

import { t } from '../words.js';

const $ = (id) => document.getElementById(id);
const views = { clean: 'ready', reset: 'ready', in_use: 'session', locked: 'locked', wiping: 'wiping', unproven: 'hands', lost: 'hands', isolated: 'hands', sealed: 'hands', enrolling: 'hands', retired: 'hands', ended: 'ended' };

// pads are what the PIN pad asks, by the words above it.
const pads = { pin: t('Enter your PIN'), newpin: t('Choose a PIN'), again: t('Once more'), code: t('Enter the emergency code') };

// own keeps a name from turning the direction of the sentence around it.
const own = (name) => `\u2068${name}\u2069`;

let shown = '', tiles = '';

export function draw(s) {
  const body = document.body, used = s.state === 'in_use';
  body.dataset.state = s.state;
  body.dataset.asks = s.asks;
  body.dataset.epoch = s.epoch;
  $('name').textContent = s.name;
  $('ward').textContent = s.ward_name;
  session(s, used);
  cleaning(s);
  $('lock-word').textContent = s.state === 'locked' ? s.lock_word || t('Locking the iPad…') : '';
  const view = pads[s.asks] ? 'pin' : s.asks || views[s.state] || 'hands';
  for (const say of document.querySelectorAll('.view .say')) { // the others may name somebody still
    const here = say.closest('.view').id;
    if (here !== 'ended') say.textContent = here === view ? s.sentence : '';
  }
  if (view === 'pin') $('pin-title').textContent = pads[s.asks];
  $('emergency').hidden = s.asks !== 'pin' || !s.emergency;
  $('use-code').hidden = !s.code;
  $('other').hidden = !s.others?.length || !['', 'takeover'].includes(s.asks);
  $('others').replaceChildren(...(s.others || []).map(named));
  if (view + s.asks !== shown) announce(view);
  shown = view + s.asks;
}

function session(s, used) {
  $('holder').textContent = used ? s.holder : '';
  $('until').textContent = used && s.until ? t('Signed in until %s', clock(s.until)) : '';
  $('opening').hidden = !s.opening;
  $('opened').hidden = s.opening || Boolean(s.apps?.length);
  $('urgent').hidden = s.assurance !== 'break_glass';
  $('say-why').hidden = !s.explain;
  $('explain-what').textContent = used && s.explain ? t('You opened iPad %s by your badge alone, %s.', own(s.explain.name), s.explain.ago) : '';
  $('leaving-usual').textContent = used ? s.usual : '';
  const apps = used && s.apps || [], key = JSON.stringify(apps);
  $('apps').hidden = !apps.length;
  document.body.dataset.apps = apps.length > 12 ? 'many' : apps.length ? 'some' : 'none';
  if (key !== tiles) $('apps').replaceChildren(...apps.map(tile)); // not from under a finger
  tiles = key;
}

// clock is a moment of the server's in the iPad's time zone: the iPad's own
// clock, which may be wrong, is not asked.
function clock(moment) {
  return new Date(moment).toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

// A tile opens its app in this window. A kiosk browser under an app lock has
// only one: a second is dropped by some, and in a web clip it is another app,
// which the lock forbids. The browser's own way home leads back to this page.
// The app is told neither where it was opened from nor how to reach back.
function tile(app) {
  const a = document.createElement('a'), mark = document.createElement('span'), label = document.createElement('span');
  a.className = 'tile';
  a.href = app.url;
  a.rel = 'noreferrer noopener';
  a.referrerPolicy = 'no-referrer';
  mark.className = `mark tone-${app.tone}`;
  mark.ariaHidden = 'true';
  mark.textContent = app.mark;
  label.className = 'label';
  label.dir = 'auto';
  label.textContent = app.name;
  a.append(mark, label);
  return a;
}

function cleaning(s) {
  const on = s.state === 'wiping' && !s.invite;
  $('wiping-title').textContent = s.invite ? t('Tap your badge') : t('Cleaning…');
  $('ladder').hidden = !on;
  $('ladder').replaceChildren(...(s.ladder || []).map(rung));
  $('usual').hidden = !on || !s.usual;
  $('usual').textContent = s.usual || '';
  since(on ? s : null);
}

let began = 0;

// since says how long it has been, and goes on by itself.
function since(s) {
  clearInterval(began);
  $('since').hidden = !s?.wiping_for_ms;
  if (!s?.wiping_for_ms) return;
  const start = (s.at ?? performance.now()) - s.wiping_for_ms;
  const say = () => {
    const min = Math.floor((performance.now() - start) / 60000);
    $('since').textContent = s.slow ? t('It began %d min ago, and takes longer than usual.', min) : min < 1 ? t('It has just begun.') : t('It began %d min ago.', min);
  };
  say();
  began = setInterval(say, 5000);
}

function rung(r) {
  const li = document.createElement('li');
  li.dataset.rung = r.rung;
  li.textContent = r.word;
  li.className = r.reached ? 'reached' : '';
  if (r.now) li.setAttribute('aria-current', 'step');
  return li;
}

function named(name) {
  const li = document.createElement('li'), bdi = document.createElement('bdi');
  bdi.textContent = name;
  li.append(bdi);
  return li;
}

function announce(view) {
  const title = $(view).querySelector('h1');
  title?.focus({ preventScroll: true });
  $('announce').textContent = title?.textContent || '';
}

let timer = 0;

// notice says what could not be done, until it is read or something else happens.
export function notice(sentence, other) {
  clearTimeout(timer);
  const said = [sentence, other && t('iPad %s is free.', own(other))].filter(Boolean).map((text) => {
    const p = document.createElement('p');
    p.textContent = text;
    return p;
  });
  $('notice').hidden = !sentence;
  $('notice').replaceChildren(...said);
  if (sentence) timer = setTimeout(() => notice(''), 15000);
}

let warns = false, finger = false;

// warned shows the warning, or takes it away: not from under a finger, which
// would press what lies below when it is lifted.
export function warned(on) {
  warns = on;
  if (!on && finger) return;
  $('warn').hidden = !on;
}

// warning: it is meant to show.
export const warning = () => warns;

// A press counts where the finger went down. Its click comes after the finger is
// lifted, late on a busy iPad, and would press whatever has come there meanwhile.
let under = null;
const place = (element) => element.closest?.('[id]')?.id;
const lifted = () => {
  setTimeout(() => { finger = false; warned(warns); }, 100);
  const pressed = under;
  setTimeout(() => { if (under === pressed) under = null; }, 1000); // no click came: the next is another's
};
document.addEventListener('pointerdown', (e) => { finger = true; under = { at: place(e.target) }; }, true);
for (const end of ['pointerup', 'pointercancel']) document.addEventListener(end, lifted, true);
document.addEventListener('click', (e) => {
  const elsewhere = e.detail > 0 && under && under.at !== place(e.target); // a key's click has no detail
  under = null;
  if (elsewhere) {
    e.preventDefault();
    e.stopPropagation();
  }
}, true);

export function offline(on) { $('offline').hidden = !on; }
