// People: looked up by what is typed or by a tap. What is looked for is sent in
// bodies, so that no name and no badge number stands in a URL.

import { send } from './page.js';
import { listen } from '../kiosk/badge.js';
import { ask } from './asks.js';
import { t } from '../words.js';

const $ = (id) => document.getElementById(id);
let page = 0, turn = 0;

// set sets a name apart from what stands around it, whichever way it is written.
function set(name) {
  const bdi = document.createElement('bdi');
  bdi.textContent = name;
  return bdi;
}

function cell(name, label, ...said) {
  const td = document.createElement(name);
  if (label) td.dataset.label = label;
  td.append(...said);
  return td;
}

function line(p) {
  const tr = document.createElement('tr'), a = document.createElement('a');
  a.href = '/console/people/' + encodeURIComponent(p.id);
  a.append(set(p.name));
  const name = cell('th', '', a);
  name.scope = 'row';
  tr.append(name, cell('td', t('Id'), set(p.id)), cell('td', t('Account'), set(p.account || '')), cell('td', t('May sign in'), p.active ? t('yes') : t('no')));
  return tr;
}

function trouble(why) {
  $('trouble').hidden = !why;
  $('trouble').textContent = why ? why.message : '';
}

async function search(to) {
  const mine = ++turn, text = $('text').value;
  try {
    const { people, more } = await send('/console/people/search', { text, page: to });
    if (mine !== turn) return; // an older answer that came late
    page = to;
    $('lines').replaceChildren(...people.map(line));
    const n = people.length;
    $('sum').textContent = n === 0 ? t('Nobody is called like that.') : more || page > 0 ? t('Page %d, %d people.', page + 1, n) : n === 1 ? t('1 person.') : t('%d people.', n);
    $('back').hidden = page === 0;
    $('more').hidden = !more;
    trouble();
  } catch (why) {
    trouble(why);
  }
}

async function tapped(badge) {
  try {
    const { id } = await send('/console/people/find', { badge, ward: $('reads').value });
    location.assign('/console/people/' + encodeURIComponent(id));
  } catch (why) {
    trouble(why);
  }
}

let wait;
$('text').addEventListener('input', () => {
  clearTimeout(wait);
  wait = setTimeout(() => search(0), 200);
});
$('search').addEventListener('submit', (e) => { // Enter, of a person or of a reader whose number went into the field
  e.preventDefault();
  clearTimeout(wait);
  const text = $('text').value.trim();
  if (/^[0-9a-fA-F:-]*[0-9][0-9a-fA-F:-]{3,}$/.test(text)) tapped(text);
  search(0);
});
$('back').addEventListener('click', () => search(page - 1));
$('more').addEventListener('click', () => search(page + 1));

ask((_, body) => { location.assign('/console/people/' + encodeURIComponent(body.id.trim())); });
listen({ badge: tapped, key() {} });
search(0);
