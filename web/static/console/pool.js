// The pool view: rows that replace themselves and keep their place among the
// others, numbers that follow, all under the filter that the address has.

import { t } from '../words.js';
import { follow, localise, send, set, wind } from './page.js';
import { keep, picked, restore } from './selection.js';

// parse makes elements of what the server has rendered and escaped.
function parse(html) {
  const made = document.createElement('template');
  made.innerHTML = html;
  localise(made.content);
  wind(made.content);
  return made.content;
}

const rows = () => document.getElementById('rows');

// place is before which row one with this order stands.
function place(list, sort) {
  let low = 0, high = list.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (list[mid].dataset.sort < sort) low = mid + 1;
    else high = mid;
  }
  return list[low] ?? null;
}

// focus is what has the focus in a row, so that it has it after the row was replaced.
function focus(row) {
  const el = document.activeElement;
  if (!row?.contains(el)) return () => {};
  const what = ['data-take', 'data-pick'].find((name) => el.hasAttribute(name));
  return (next) => (next.querySelector(what ? `[${what}]` : 'a') ?? next.querySelector('a')).focus({ preventScroll: true });
}

function put(row) {
  const list = rows(), old = document.getElementById(row.id);
  if (old && Number(row.dataset.version) < Number(old.dataset.version)) return;
  const refocus = focus(old);
  restore(row);
  if (old?.dataset.sort === row.dataset.sort) old.replaceWith(row);
  else {
    old?.remove();
    list.insertBefore(row, place(list.children, row.dataset.sort));
  }
  refocus(row);
}

// emptied says that there is nothing, where there is nothing.
function emptied() {
  const none = rows().children.length === 0;
  document.getElementById('none').hidden = !none;
  document.querySelector('.pads').hidden = none;
  keep();
}

const on = {
  snapshot(html) {
    const focused = document.activeElement?.closest('#rows > *'), refocus = focus(focused);
    const made = parse(rows().tagName === 'TBODY' ? `<table><tbody>${html}</tbody></table>` : html);
    const all = [...made.querySelectorAll('[data-id]')];
    all.forEach(restore);
    rows().replaceChildren(...all);
    const again = focused && document.getElementById(focused.id);
    if (again) refocus(again);
    emptied();
  },
  device(html) {
    put(parse(html).querySelector('[data-id]'));
    emptied();
  },
  gone(id) {
    const row = document.getElementById('row-' + id.trim());
    const next = row?.contains(document.activeElement) && (row.nextElementSibling ?? row.previousElementSibling);
    row?.remove();
    next?.querySelector('a').focus({ preventScroll: true });
    emptied();
  },
  summary(html) {
    const summary = document.getElementById('summary'), show = document.activeElement?.closest('#summary [data-count]')?.dataset.count;
    summary.replaceChildren(parse(html));
    if (show) summary.querySelector(`[data-count="${show}"] a, a[data-count="${show}"]`)?.focus({ preventScroll: true });
  },
  urgent(html) { document.getElementById('urgent').replaceChildren(parse(html)); },
  approvals(html) { document.getElementById('approvals').replaceChildren(parse(html)); },
  clocks(data) {
    for (const [id, [idle, lock]] of Object.entries(JSON.parse(data))) {
      const el = document.getElementById('row-' + id)?.querySelector('.clock');
      if (el) set(el, idle, lock);
    }
  },
};

const { events, since } = rows().dataset;
follow(events + (events.includes('?') ? '&' : '?') + 'since=' + encodeURIComponent(since), on);

// A filter is gone to as soon as it is chosen; its address is the page's, so that
// it can be sent to somebody, and the back button comes back from it.
const form = document.getElementById('filter');

form.addEventListener('submit', () => { // an address without what is not asked for
  for (const el of form.elements) el.disabled = el.name && !el.value;
});
form.addEventListener('change', (e) => { if (e.target.tagName === 'SELECT') form.requestSubmit(); });
window.addEventListener('pageshow', () => { // whatever the browser remembers, the form says what the address does
  for (const el of form.elements) el.disabled = false;
  form.reset();
});

// One takes an iPad in hand at once: it can be handed back.
document.addEventListener('click', async (e) => {
  const button = e.target.closest('[data-take]');
  if (!button) return;
  const { id, epoch, hands } = button.closest('[data-id]').dataset;
  button.disabled = true;
  try {
    await send(`/console/devices/${encodeURIComponent(id)}/hands`, { epoch: Number(epoch), from: hands, take: true });
  } catch (why) {
    tell(why.message);
  } finally {
    button.disabled = false;
  }
});

// tell says what became of something that no dialog asked about.
export function tell(text) {
  document.getElementById('told').textContent = text;
}

// A slash goes to the search, unless it is typed somewhere, or by a badge reader:
// that types a whole card within a moment, and a person pauses.
let last = -Infinity; // times count from the opening of the page, and its first key follows none
document.addEventListener('keydown', (e) => {
  const quick = e.timeStamp - last < 100;
  last = e.timeStamp;
  if (e.key !== '/' || e.ctrlKey || e.metaKey || e.altKey || quick || document.querySelector('dialog[open]') || e.target.closest?.('input:not([type=checkbox]), textarea, select')) return;
  e.preventDefault();
  const pressed = e.timeStamp;
  setTimeout(() => { if (last === pressed) document.getElementById('q').select(); }, 150);
});
