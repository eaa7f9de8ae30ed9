// What every page of the console does: local times, idle clocks that tick,
// sign-out, the language, and changes with the page's own token.

import { t } from '../words.js';

const two = (n) => String(n).padStart(2, '0');

// localise writes the times under root in the reader's own zone.
export function localise(root) {
  for (const el of root.querySelectorAll('time[datetime]')) {
    const at = new Date(el.dateTime), today = new Date();
    const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
    el.title = el.title || el.textContent;
    el.textContent = at.toDateString() === today.toDateString() ? clock
      : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock}`;
  }
}

const since = new WeakMap(); // clock element → when what it says was true

// wind starts the idle clocks under root from what the server said just now.
export function wind(root) {
  for (const el of root.querySelectorAll('.clock')) set(el, Number(el.dataset.idle), Number(el.dataset.lock));
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
  el.textContent = short(Number(el.dataset.idle) + gone) + (lock > 0 ? ` · locks in ${short(lock - gone)}` : '');
}

setInterval(() => { for (const el of document.querySelectorAll('.clock')) tick(el); }, 1000);

export async function send(path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method: 'POST', credentials: 'same-origin', cache: 'no-store',
      headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': document.body.dataset.csrf }, body: JSON.stringify(body),
    });
  } catch {
    throw new Error(t('There is no connection, so nothing was done. Try again.'));
  }
  const said = await answer.json().catch(() => ({}));
  if (answer.status === 401) location.assign('/console/start');
  if (!answer.ok) throw new Error(said.title || t('Something went wrong. Try again.'));
  return said;
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
  for (const [name, fn] of Object.entries(on)) stream.addEventListener(name, (e) => { offline.hidden = true; fn(e.data); });
  stream.addEventListener('troubles', (e) => {
    const troubles = document.getElementById('troubles');
    troubles.innerHTML = e.data; // rendered and escaped by the server
    localise(troubles);
  });
  stream.onerror = async () => {
    offline.hidden = false;
    if (stream.readyState !== EventSource.CLOSED) return;
    const answer = await fetch(location.href, { method: 'HEAD', redirect: 'manual', cache: 'no-store' }).catch(() => null);
    if (answer && answer.type === 'opaqueredirect') location.assign('/console/start');
    else setTimeout(() => follow(path, on), 3000);
  };
}

// What htmx asks for carries the page's token, and what it brings is localised.
document.addEventListener('htmx:configRequest', (e) => { e.detail.headers['X-CSRF-Token'] = document.body.dataset.csrf; });
document.addEventListener('htmx:load', (e) => { localise(e.detail.elt); wind(e.detail.elt); });

// The way to where one is, and the page to come back to in another language.
for (const a of document.querySelectorAll('.ways a')) {
  const here = location.pathname, to = new URL(a.href).pathname;
  if (here === to || to !== '/console' && here.startsWith(to + '/') || to === '/console' && here.startsWith('/console/devices/')) a.setAttribute('aria-current', 'page');
}
document.querySelector('.language')?.addEventListener('submit', (e) => { e.target.next.value = location.pathname + location.search; });

localise(document);
wind(document);
