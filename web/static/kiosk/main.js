// The iPad's page: follows the device's state and sends what people do.

import * as api from './api.js';
import { listen } from './badge.js';
import { countdown } from './countdown.js';
import { forget } from './forget.js';
import { follow } from './line.js';
import { pad } from './pad.js';
import * as keyring from './passkey.js';
import { people } from './people.js';
import { presence } from './presence.js';
import { draw, notice, offline, warned, warning } from './view.js';
import { t } from '../words.js';

const questionFor = 60000, openingLong = 10000;
const meant = 600; // ms in which a second touch at the same place is still the first
const $ = (id) => document.getElementById(id);

// The page comes with the state that it was made of, as old as the wish for it.
let now = { ...JSON.parse($('state').textContent), at: 0 };
$('state').remove(); // it may name somebody, who is gone one day
let waved = '';      // the nonce of a question that was cancelled here
let adding = '';     // the holder is adding a key: 'asked', then 'added'
let leaving = 0;     // the holder is asked whether they are done, since then
let busy = false, later = 0, over = false;
let heard = 0;       // states that the stream brought
let turn = 0, answered = 0; // questions to the server, and the last whose answer is shown
let pressed = '', doing = '', waits = null; // the button just pressed, the one under way, and what comes after it

// counts: a touch says that the holder is there. Where the page asks somebody who they are it may be anybody's.
const counts = () => now.state === 'in_use' && now.mine && (!now.asks || adding || ['explain', 'leaving'].includes(now.asks));

const count = countdown({
  warn: (on) => warned(on && Boolean(counts())),
  over: () => { // fail closed, then ask what became of it
    show({ ...now, state: 'locked', lock: 'requested', lock_word: t('The page has locked itself; the iPad\'s own lock is not confirmed yet.'), asks: '', holder: '', apps: [], others: [], sentence: t('Is this yours? Tap your badge to go on where you left off.') });
    setTimeout(refresh, 1500);
  },
});
const keys = pad({ enter: (pin) => { if (!ways.entered(pin)) act(() => api.pin(pin, now.nonce)); } });
const ways = people({ act, now: () => now, show: () => show(now), refresh });

// held: somebody's work is on the iPad.
const held = (s) => s.state === 'in_use' || s.state === 'locked';

function show(s) {
  over = false;
  if (held(now) && (!held(s) || s.epoch !== now.epoch)) forget();
  if (s.asks && s.nonce === waved) s = { ...s, asks: '', sentence: s.says };
  if (s.state !== 'in_use' || s.asks && s.asks !== 'pin') adding = '';
  if (s.state !== 'in_use' || s.asks && s.asks !== 'leaving') leaving = 0;
  if (now.state !== s.state) keyring.cancel();
  if (!s.asks && adding === 'added') s = { ...s, asks: 'keyadded' };
  else if (!s.asks && adding && s.add_key) s = { ...s, asks: 'addkey' };
  else if (!s.asks && leaving) s = { ...s, asks: 'leaving' };
  if (now.state === 'in_use' && s.state !== 'in_use') notice(''); // it may name the holder
  s = ways.changes(s);
  if (s.asks !== now.asks || s.nonce !== now.nonce) keys.clear();
  keys.expects(ways.digits(s));
  now = s;
  draw(s);
  count(s);
  if (s.state !== 'in_use') warned(false);
  clearTimeout(later);
  if (['addkey', 'keyadded', 'code', 'explain', 'leaving'].includes(s.asks)) return;
  if (s.asks) later = setTimeout(refresh, questionFor + 1000);
  else if (s.opening && !s.others?.length) later = setTimeout(refresh, openingLong + 500);
}

// heed asks, and shows the state that is answered; false where it did not. What the stream said
// meanwhile is newer than the answer, which was on its way already, and so is
// the answer to what was asked later: the page goes by that, and by what follows.
async function heed(ask) {
  const before = heard, mine = ++turn;
  let s = await ask();
  if (!s.state && s.version && s.version === now.version) s = { ...now, ...s, warned: false }; // it shows the rest already
  if (heard !== before || !s.state || mine < answered) return false;
  answered = mine;
  show(s);
  return true;
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
    if (!await heed(what)) await refresh();
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
  if (held(now)) forget();
  now = { ...now, state: 'ended', asks: '', epoch: 0, holder: '', sentence: '', others: [], apps: [], opening: false };
  draw(now);
  count(now);
  warned(false);
}

const touched = presence({
  counts,
  every: () => now.touch_every_ms || 15000,
  warned: warning,
  report: async () => {
    try {
      await heed(() => api.touch(now.epoch, now.asks ? undefined : now.version));
    } catch (e) {
      if (e.status === 0) throw e;
      await refresh();
    }
  },
});

listen({
  badge: async (badge) => {
    keyring.cancel(); // a tap is the other way to sign in
    while (keyring.waiting()) await new Promise((next) => setTimeout(next, 20));
    act(() => api.tap(badge, now.nonce));
  },
  key: (k, e) => { if (ways.pads(now.asks)) keys.key(k); else touched(e); },
});

const onClick = (id, what) => $(id).addEventListener('click', what);
const wave = () => { waved = now.nonce; show(now); };
onClick('stay', (e) => touched(e));
onClick('apps', (e) => {
  if (!e.target.closest('a')) return;
  if (navigator.onLine !== false) return touched(e, true); // the last for a while that this page sees
  e.preventDefault(); // or the browser's own page of excuses is all that is left
  notice(t('There is no connection, so no app can be opened. Try again in a moment.'));
});

// Giving back takes a second touch: what is wiped does not come back. Gloves
// press twice, so what comes at once is the first touch still, wherever it lands.
const decided = () => performance.now() - leaving > meant;
onClick('done', () => { leaving = performance.now(); show(now); });
onClick('leaving-no', () => { if (decided()) { leaving = 0; show({ ...now, asks: '' }); } });
onClick('leaving-yes', () => { if (decided()) act(() => api.giveBack(now.epoch)); });
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

show(now);
if (!held(now)) forget(); // of a session that ended while this page was not here
addEventListener('pageshow', (e) => { if (e.persisted) refresh(); });
follow({
  state: (s) => { heard++; show({ ...s, at: performance.now() }); },
  alive: (yes) => offline(!yes),
  refused: async () => { await refresh(); return over; },
});
