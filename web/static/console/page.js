// What every page of the console does: local times, idle clocks that tick,
// sign-out, the language, and changes with the page's own token.

import { t } from '../words.js';

const two = (n) => String(n).padStart(2, '0');

// What time it is where it is decided: the page says what time it was when it was
// made, and its stream goes on saying it. This computer's own clock may be anything.
let ahead = (Number(document.body.dataset.now) || Date.now()) - performance.now();

export const now = () => ahead + performance.now();

function setNow(ms) { ahead = ms - performance.now(); }

// localise writes the times under root in the reader's own zone.
export function localise(root) {
  const today = new Date(now()).toDateString();
  for (const el of root.querySelectorAll('time[datetime]')) {
    const at = new Date(el.dateTime);
    let clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
    if (!el.classList.contains('hm')) clock += `:${two(at.getSeconds())}`;
    el.title = el.title || el.textContent;
    el.textContent = at.toDateString() === today ? clock
      : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock}`;
  }
}

const since = new WeakMap(); // clock element → when what it says was true

// wind starts the idle clocks under root from what the server said of the last touch.
export function wind(root) {
  for (const el of root.querySelectorAll('.clock')) {
    const { touched, locks } = el.dataset;
    set(el, Math.max(0, now() - Number(touched)), Number(locks) ? Math.max(1, Number(locks) - now()) : 0);
  }
}

export function set(el, idle, lock) {
  el.dataset.idle = idle;
  el.dataset.lock = lock;
  since.set(el, performance.now());
  tick(el);
}

const short = (ms) => {
  const s = Math.max(0, Math.floor(ms / 1000));
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
};

function tick(el) {
  const gone = performance.now() - (since.get(el) ?? performance.now());
  const lock = Number(el.dataset.lock);
  const idle = short(Number(el.dataset.idle) + gone);
  const text = lock > 0 ? t('idle %s, locks in %s', idle, short(lock - gone)) : t('idle %s', idle);
  if (el.textContent !== text) el.textContent = text;
}

setInterval(() => { for (const el of document.querySelectorAll('.clock')) tick(el); }, 1000);

// Ended is what send throws once nobody is signed in here any more.
export class Ended extends Error {}

// send asks for a change. A sign-in that has ended is said where it was asked, so
// that what was written there is not lost; who has signed in again elsewhere in
// this browser goes on, if it is the same person.

export async function send(path, body) {
  let answer = await post(path, body), said = await answer.json().catch(() => ({}));
  if (answer.status === 403 && said.code === 'csrf' && await renewToken()) {
    answer = await post(path, body);
    said = await answer.json().catch(() => ({}));
  }
  if (answer.status === 401) {
    if (!document.querySelector('dialog[open]')) location.assign('/console/start');
    throw new Ended(t('Your sign-in has ended, so nothing was done. Sign in again in another tab, then press it once more: what you wrote stays here.'));
  }
  if (!answer.ok) throw new Error(said.title || t('Something went wrong. Try again.'));
  return said;
}

async function post(path, body) {
  try {
    return await fetch(path, {
      method: 'POST', credentials: 'same-origin', cache: 'no-store',
      headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': document.body.dataset.csrf }, body: JSON.stringify(body),
    });
  } catch {
    throw new Error(t('There is no connection, so nothing was done. Try again.'));
  }
}

// renewToken takes the token of the sign-in that this browser has now, if it is
// of the person whom the page is of.
export async function renewToken() {
  const answer = await fetch(location.href, { cache: 'no-store', credentials: 'same-origin' }).catch(() => null);
  if (!answer?.ok) return false;
  const { csrf, who } = new DOMParser().parseFromString(await answer.text(), 'text/html').body.dataset;
  if (!csrf || !who || who !== document.body.dataset.who) return false;
  document.body.dataset.csrf = csrf;
  return true;
}

// explain says in a dialog why nothing was done, and where it is gone on with.
export function explain(error, why) {
  error.replaceChildren(why.message);
  if (why instanceof Ended) {
    const a = document.createElement('a');
    [a.href, a.target, a.textContent] = ['/console/start', '_blank', t('Sign in again')];
    error.append(' ', a);
  }
  error.hidden = false;
}

document.getElementById('sign-out')?.addEventListener('click', async () => {
  try {
    location.assign((await send('/console/sign-out', {})).next);
  } catch {
    location.assign('/console/start');
  }
});

// follow opens the event stream and says when it is lost. A stream that is
// refused means that the session has ended.
export function follow(path, on) {
  const stream = new EventSource(path);
  const offline = document.getElementById('offline');
  for (const [name, fn] of Object.entries({ now(ms) { setNow(Number(ms)); }, ...on })) stream.addEventListener(name, (e) => { offline.hidden = true; fn(e.data); });
  stream.addEventListener('troubles', (e) => {
    const troubles = document.getElementById('troubles');
    troubles.innerHTML = e.data; // rendered and escaped by the server
    localise(troubles);
  });
  stream.onerror = async () => {
    offline.hidden = false;
    if (stream.readyState !== EventSource.CLOSED) return;
    const answer = await fetch(location.href, { method: 'HEAD', redirect: 'manual', cache: 'no-store' }).catch(() => null);
    if (answer?.type !== 'opaqueredirect') setTimeout(() => follow(path, on), 3000);
    else if (!document.querySelector('dialog[open]')) location.assign('/console/start');
    else document.querySelector('dialog[open]').addEventListener('close', () => location.reload(), { once: true });
  };
}

// What htmx asks for carries the page's token, and what it brings is localised.
document.addEventListener('htmx:configRequest', (e) => { e.detail.headers['X-CSRF-Token'] = document.body.dataset.csrf; });
// Where the session has ended the answer is the page that says how to sign in.
document.addEventListener('htmx:beforeSwap', (e) => {
  if (!new URL(e.detail.xhr.responseURL || location.href).pathname.startsWith('/console/start')) return;
  e.detail.shouldSwap = false;
  location.assign('/console/start');
});
document.addEventListener('htmx:load', (e) => { localise(e.detail.elt); wind(e.detail.elt); });

// The way to where one is, and the page to come back to in another language.
for (const a of document.querySelectorAll('.ways a')) {
  const here = location.pathname, to = new URL(a.href).pathname;
  if (here === to || to !== '/console' && here.startsWith(to + '/') || to === '/console' && here.startsWith('/console/devices/')) a.setAttribute('aria-current', 'page');
}
document.querySelector('.language')?.addEventListener('submit', (e) => { e.target.next.value = location.pathname + location.search; });

localise(document);
wind(document);
