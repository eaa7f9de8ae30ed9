// The pool view: rows that replace themselves, counts that follow.

import { follow, localise, set, wind } from './page.js';

const rows = document.getElementById('rows');
const ward = document.getElementById('ward');

ward.addEventListener('change', () => ward.form.submit());

// parse makes elements of rows that the server has rendered and escaped.
function parse(html) {
  const t = document.createElement('template');
  t.innerHTML = html;
  localise(t.content);
  wind(t.content);
  return t.content;
}

function recount() {
  const n = {};
  for (const tr of rows.children) n[tr.dataset.state] = (n[tr.dataset.state] || 0) + 1;
  for (const li of document.querySelectorAll('#summary li')) {
    const count = n[li.dataset.count] || 0;
    li.querySelector('b').textContent = count;
    if (['reset', 'isolated', 'sealed', 'lost', 'enrolling', 'retired'].includes(li.dataset.count)) li.hidden = count === 0;
  }
  document.getElementById('none').hidden = rows.children.length > 0;
}

follow('/console/events?ward=' + encodeURIComponent(document.body.dataset.ward), {
  snapshot(html) {
    const focused = document.activeElement?.closest('tr')?.id;
    rows.replaceChildren(parse(html));
    if (focused) document.getElementById(focused)?.querySelector('a').focus();
    recount();
  },
  device(html) {
    const tr = parse(html).querySelector('tr');
    const old = document.getElementById(tr.id);
    if (!old) rows.append(tr);
    else if (Number(tr.dataset.version) >= Number(old.dataset.version)) {
      const focused = old.contains(document.activeElement);
      old.replaceWith(tr);
      if (focused) tr.querySelector('a').focus();
    }
    recount();
  },
  urgent(html) { document.getElementById('urgent').replaceChildren(parse(html)); },
  approvals(html) { document.getElementById('approvals').replaceChildren(parse(html)); },
  clocks(data) {
    for (const [id, [idle, lock]] of Object.entries(JSON.parse(data))) {
      const el = document.getElementById('row-' + id)?.querySelector('.clock');
      if (el) set(el, idle, lock);
    }
  },
});
