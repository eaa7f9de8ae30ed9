// The iPad's page: follows the device's state and sends what people do.

import * as api from './api.js';
import { listen } from './badge.js';
import { countdown } from './countdown.js';
import { pad } from './pad.js';
import * as keyring from './passkey.js';
import { people } from './people.js';
import { draw, notice, offline, warned } from './view.js';

const touchEvery = 5000, questionFor = 60000, openingLong = 10000;
const $ = (id) => document.getElementById(id);

let now = { state: document.body.dataset.state, asks: document.body.dataset.asks, nonce: '', epoch: Number(document.body.dataset.epoch) };
let waved = '';      // the nonce of a question that was cancelled here
let adding = '';     // the holder is adding a key: 'asked', then 'added'
let touched = 0, busy = false, later = 0, over = false;
let heard = 0;       // states that the stream brought
let pressed = '', doing = '', waits = null; // the button just pressed, the one under way, and what comes after it

const count = countdown({
  warn: warned,
  over: () => { // fail closed, then ask what became of it
    show({ ...now, state: 'locked', lock: 'requested', lock_word: '', asks: '', holder: '', sentence: 'Is this yours? Tap your badge to go on where you left off.' });
    setTimeout(refresh, 1500);
  },
});
const keys = pad({ enter: (pin) => { if (!ways.entered(pin)) act(() => api.pin(pin, now.nonce)); } });
const ways = people({ act, now: () => now, show: () => show(now), refresh });

function show(s) {
  over = false;
  if (s.asks && s.nonce === waved) s = { ...s, asks: '', sentence: '' };
  if (s.state !== 'in_use' || s.asks && s.asks !== 'pin') adding = '';
  if (now.state !== s.state) keyring.cancel();
  if (!s.asks && adding === 'added') s = { ...s, asks: 'keyadded' };
  else if (!s.asks && adding && s.add_key) s = { ...s, asks: 'addkey' };
  if (now.state === 'in_use' && s.state !== 'in_use') notice(''); // it may name the holder
  s = ways.changes(s);
  if (s.asks !== now.asks || s.nonce !== now.nonce) keys.clear();
  keys.expects(ways.digits(s));
  now = s;
  draw(s);
  count(s);
  if (s.state !== 'in_use') warned(false);
  clearTimeout(later);
  if (s.asks === 'addkey' || s.asks === 'keyadded' || s.asks === 'code' || s.asks === 'explain') return;
  if (s.asks) later = setTimeout(refresh, questionFor + 1000);
  else if (s.opening && !s.other) later = setTimeout(refresh, openingLong + 500);
}

// heed asks, and shows the state that is answered. What the stream said
// meanwhile is newer than the answer, which was on its way already: the page
// goes by that, and by what follows.
async function heed(ask) {
  const before = heard;
  const s = await ask();
  if (heard === before && s.state) show(s);
  return s;
}

async function refresh() {
  try {
    await heed(api.state);
  } catch (e) {
    if (e.status === 403) ended();
  }
}

// act does one thing at a time and shows what came of it, or why nothing did.
// What is pressed while another is under way waits for it, for the page may show
// already what came of that; the same button pressed twice is pressed once.
async function act(what) {
  const by = pressed;
  pressed = '';
  if (busy) {
    if (by !== doing) waits = () => { pressed = by; act(what); };
    return;
  }
  busy = true;
  doing = by;
  notice('');
  try {
    const before = heard;
    const s = await heed(what);
    if (!s.state || heard !== before) await refresh();
  } catch (e) {
    if (keyring.said(e) !== undefined) return notice(keyring.said(e));
    if (!(e instanceof api.Refused)) throw e;
    if (e.status === 403 && e.code === 'page_ended') return ended();
    notice(e.message, e.other);
    await refresh();
  } finally {
    busy = false;
    const next = waits;
    waits = null;
    next?.();
  }
}

document.addEventListener('click', (e) => { pressed = e.target.closest('button')?.id || ''; }, true);

function ended() {
  over = true;
  notice('');
  draw({ state: 'ended', asks: '', epoch: 0, name: $('name').textContent, ward: $('ward').textContent, holder: '', sentence: '', other: '', opening: false, lock: '', proof: '' });
  count({ state: 'ended' });
}

// touch tells the server that somebody is there: real input only, at most
// once in five seconds, at once when the warning shows.
async function touch() {
  if (now.state !== 'in_use' || !now.mine || now.asks && !adding && now.asks !== 'explain') return;
  const t = performance.now();
  if ($('warn').hidden && t - touched < touchEvery) return;
  touched = t;
  try {
    await heed(() => api.touch(now.epoch));
  } catch (e) {
    if (e.status !== 0) await refresh();
  }
}

document.addEventListener('pointerdown', touch);
listen({
  badge: async (badge) => {
    keyring.cancel(); // a tap is the other way to sign in
    while (keyring.waiting()) await new Promise((next) => setTimeout(next, 20));
    act(() => api.tap(badge, now.nonce));
  },
  key: (k) => { if (ways.pads(now.asks)) keys.key(k); else touch(); },
});

const onClick = (id, what) => $(id).addEventListener('click', what);
const wave = () => { waved = now.nonce; show(now); };
onClick('stay', () => { touched = 0; touch(); });
onClick('done', () => act(() => api.giveBack(now.epoch)));
onClick('pin-cancel', () => { adding = ''; if (ways.cancelled()) return; wave(); refresh(); });
onClick('takeover-yes', () => act(() => api.takeOver(now.nonce)));
onClick('takeover-no', () => { wave(); refresh(); });
onClick('choose-stay', () => act(() => api.touch(now.epoch)));
onClick('choose-done', () => act(() => api.giveBack(now.epoch)));
onClick('use-key', () => act(keyring.signIn));
onClick('add-key', () => act(() => { adding = 'asked'; return api.addKey(now.epoch); }));
onClick('addkey-yes', () => act(async () => { await keyring.add(now.epoch); adding = 'added'; return api.state(); }));
const addNoMore = () => { adding = ''; refresh(); };
onClick('addkey-no', addNoMore);
onClick('keyadded-ok', addNoMore);

let stream = null;

function follow() {
  stream = new EventSource('/kiosk/events');
  stream.addEventListener('state', (e) => { offline(false); heard++; show(JSON.parse(e.data)); });
  stream.onerror = () => {
    offline(true);
    if (stream.readyState !== EventSource.CLOSED) return; // it tries again by itself
    refresh().then(() => setTimeout(follow, over ? 30000 : 3000));
  };
}

addEventListener('offline', () => offline(true));
addEventListener('pageshow', (e) => { if (e.persisted) refresh(); });
follow();
