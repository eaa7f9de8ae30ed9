// Puts a state on the page. Names are only ever there while it is in use.

const $ = (id) => document.getElementById(id);
const views = { clean: 'ready', reset: 'ready', in_use: 'session', locked: 'locked', wiping: 'wiping', unproven: 'hands', lost: 'hands', isolated: 'hands', sealed: 'hands', enrolling: 'hands', retired: 'hands', ended: 'ended' };

// pads are what the PIN pad asks, by the words above it.
const pads = { pin: 'Enter your PIN', newpin: 'Choose a PIN', again: 'Once more', code: 'Enter the emergency code' };

let shown = '';

export function draw(s) {
  const body = document.body;
  body.dataset.state = s.state;
  body.dataset.asks = s.asks;
  body.dataset.epoch = s.epoch;
  $('name').textContent = s.name;
  $('ward').textContent = s.ward;
  $('holder').textContent = s.state === 'in_use' ? s.holder : '';
  $('opening').hidden = !s.opening;
  $('opened').hidden = s.opening;
  $('lock-word').textContent = s.state === 'locked' ? s.lock_word || 'Locking the iPad…' : '';
  $('wiping-title').textContent = s.invite ? 'Tap your badge' : 'Being cleaned';
  $('ladder').hidden = Boolean(s.invite);
  $('ladder').replaceChildren(...(s.ladder || []).map(rung));
  $('usual').hidden = Boolean(s.invite) || !s.usual;
  $('usual').textContent = s.usual || '';
  const view = pads[s.asks] ? 'pin' : s.asks || views[s.state] || 'hands';
  const say = $(view).querySelector('.say');
  if (say && view !== 'ended') say.textContent = s.sentence;
  if (view === 'pin') $('pin-title').textContent = pads[s.asks];
  $('emergency').hidden = s.asks !== 'pin' || !s.emergency;
  $('use-code').hidden = !s.code;
  $('urgent').hidden = s.assurance !== 'break_glass';
  $('say-why').hidden = !s.explain;
  $('explain-what').textContent = s.explain ? `You opened iPad ${s.explain.name} by your badge alone, ${s.explain.ago}.` : '';
  $('other').hidden = !s.other || s.asks !== '';
  $('other-name').textContent = s.other;
  if (view + s.asks !== shown) announce(view);
  shown = view + s.asks;
}

function rung(r) {
  const li = document.createElement('li');
  li.dataset.rung = r.rung;
  li.textContent = r.word;
  li.className = r.reached ? 'reached' : '';
  if (r.now) li.setAttribute('aria-current', 'step');
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
  const box = $('notice');
  box.hidden = !sentence;
  box.textContent = !sentence ? '' : other ? `${sentence} iPad ${other} is free.` : sentence;
  if (sentence) timer = setTimeout(() => notice(''), 15000);
}

export function warned(on) { $('warn').hidden = !on; }
export function offline(on) { $('offline').hidden = !on; }
