// Several iPads at once: which are selected, and what is asked before something
// is done to each of them. A selection lasts while rows replace themselves.

import { t } from '../words.js';
import { explain, send } from './page.js';

const chosen = new Map(); // id → name
const bar = document.getElementById('selection');
const all = document.getElementById('all');

export const picked = () => chosen;

// restore gives a row that was replaced its mark again.
export function restore(row) {
  const box = row.querySelector('[data-pick]');
  if (box) box.checked = chosen.has(row.dataset.id);
}

// keep drops what is not shown any more, and says how many are selected.
export function keep() {
  if (!bar) return;
  for (const id of chosen.keys()) if (!document.getElementById('row-' + id)) chosen.delete(id);
  bar.hidden = chosen.size === 0;
  const said = chosen.size === 1 ? t('1 iPad selected') : t('%d iPads selected', chosen.size);
  if (document.getElementById('picked').textContent !== said) document.getElementById('picked').textContent = said;
  const shown = document.querySelectorAll('[data-pick]').length;
  all.checked = shown > 0 && chosen.size === shown;
  all.indeterminate = chosen.size > 0 && chosen.size < shown;
}

function pick(box) {
  const { id } = box.closest('[data-id]').dataset;
  if (box.checked) chosen.set(id, box.closest('[data-id]').querySelector('.name').textContent);
  else chosen.delete(id);
}

document.addEventListener('change', (e) => {
  if (e.target === all) {
    for (const box of document.querySelectorAll('[data-pick]')) {
      box.checked = all.checked;
      pick(box);
    }
  } else if (e.target.matches('[data-pick]')) pick(e.target);
  else return;
  keep();
});

document.getElementById('unpick')?.addEventListener('click', () => {
  chosen.clear();
  for (const box of document.querySelectorAll('[data-pick]')) box.checked = false;
  keep();
  all.focus();
});

const asked = new Map(); // dialog → what it asks about, with the hand-overs that were shown when it was opened

function line(list, name, says) {
  const li = document.createElement('li'), bdi = document.createElement('bdi');
  bdi.textContent = name;
  li.append(bdi, ...(says ? [': ' + says] : []));
  list.append(li);
}

function open(dialog) {
  const devices = [...chosen].map(([id, name]) => ({ id, name, epoch: Number(document.getElementById('row-' + id).dataset.epoch) }));
  asked.set(dialog, devices);
  const names = dialog.querySelector('.names');
  names.replaceChildren();
  for (const { name } of devices) line(names, name);
  dialog.querySelector('.error').hidden = true;
  dialog.querySelector('.results').replaceChildren();
  dialog.querySelector('[data-doit]').hidden = false;
  dialog.classList.remove('done');
  dialog.querySelector('[data-closes]').textContent = t('Cancel');
  dialog.showModal();
}

async function doit(dialog, button) {
  const error = dialog.querySelector('.error'), results = dialog.querySelector('.results');
  error.hidden = true;
  button.disabled = true;
  try {
    const devices = asked.get(dialog);
    const said = await send('/console/bulk/' + dialog.dataset.deed, { devices: devices.map(({ id, epoch }) => ({ id, epoch })), why: dialog.querySelector('[name=why]')?.value ?? '' });
    const p = document.createElement('p'), list = document.createElement('ul');
    p.textContent = said.says;
    for (const r of said.results) {
      if (r.done) chosen.delete(r.id);
      else line(list, r.name, r.says);
    }
    for (const box of document.querySelectorAll('[data-pick]')) box.checked = chosen.has(box.value);
    results.replaceChildren(p, list);
    button.hidden = true;
    dialog.classList.add('done');
    const closes = dialog.querySelector('[data-closes]');
    closes.textContent = t('Close');
    closes.focus();
    const why = dialog.querySelector('[name=why]');
    if (why) why.value = '';
    keep();
  } catch (why) {
    explain(error, why);
  } finally {
    button.disabled = false;
  }
}

document.addEventListener('click', (e) => {
  const button = e.target.closest('button'), dialog = button?.closest('dialog[data-deed]');
  if (button?.dataset.bulk) open(document.getElementById('bulk-' + button.dataset.bulk));
  else if (dialog && 'closes' in button.dataset) dialog.close();
  else if (dialog && 'doit' in button.dataset) doit(dialog, button);
});

// The focus goes back to where it came from, or, if that is hidden now, to the iPads.
document.addEventListener('close', (e) => {
  if (e.target.dataset.deed && bar.hidden) all.focus();
}, true);
