// Import: the page reads the file and sends its text. First what would be done;
// then the rows that were shown as such are done in the background, and the page
// says how far that is.

import { send } from './page.js';
import { t } from '/static/words.js';

const $ = (id) => document.getElementById(id);
const most = 500; // rows in the table at once
const verdicts = { add: t('Would be added'), change: t('Would change'), unchanged: t('Unchanged'), refused: t('Refused') };

let text = '';  // of the file that was checked
let name = '';  // of that file
let ward = '';  // whose readers its badge numbers are written by
let rows = [];  // of the report

// read answers the file's text, or throws a sentence.
async function read(file) {
  if (file.size > 10 * 1024 * 1024) throw new Error(t('This file is larger than 10 MB. Split it.'));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error(t('This file is not UTF-8. Save it as “CSV UTF-8”, then choose it again.'));
  }
}

function cell(name, label, said) {
  const td = document.createElement(name);
  if (label) td.dataset.label = label;
  td.textContent = said;
  return td;
}

function line(row) {
  const tr = document.createElement('tr');
  const n = cell('th', '', row.n);
  n.scope = 'row';
  const verdict = cell('td', t('Verdict'), '');
  const mark = cell('span', '', verdicts[row.verdict]);
  mark.className = 'verdict-' + row.verdict;
  verdict.append(mark);
  const about = row.name && !row.what.endsWith(' ' + row.name) ? `${row.what} (${row.name})` : row.what;
  tr.append(n, cell('td', t('What'), about), verdict, cell('td', t('Detail'), (row.says || []).join('; ')));
  return tr;
}

function show() {
  const which = $('which').value;
  const shown = rows.filter((r) => !which || r.verdict === which);
  $('lines').replaceChildren(...shown.slice(0, most).map(line));
  $('rest').hidden = shown.length <= most;
  $('rest').textContent = t('%d more rows are like this. Choose what to show above.', shown.length - most);
}

function tell() {
  const n = { add: 0, change: 0, unchanged: 0, refused: 0 };
  for (const r of rows) n[r.verdict]++;
  const todo = n.add + n.change;
  $('report').hidden = false;
  $('sum').textContent = t('%d to add, %d to change, %d unchanged, %d refused.', n.add, n.change, n.unchanged, n.refused);
  $('import').hidden = todo === 0;
  $('import').textContent = todo === 1 ? t('Import this row') : t('Import these %d rows', todo);
  show();
}

function trouble(why) {
  $('trouble').textContent = why.message;
  $('trouble').hidden = false;
}

$('which').addEventListener('change', show);

for (const id of ['file', 'reads']) $(id).addEventListener('change', () => { // what is on the page is of another file now
  $('report').hidden = true;
  $('trouble').hidden = true;
});

$('pick').addEventListener('submit', async (e) => {
  e.preventDefault();
  const [file] = $('file').files;
  $('trouble').hidden = true;
  $('report').hidden = true;
  $('check').disabled = true;
  try {
    text = await read(file);
    name = file.name;
    ward = $('reads').value;
    ({ rows } = await send('/console/import', { text, ward, dry: true }));
    rows ||= [];
    $('which').value = '';
    tell();
    $('report-title').focus();
  } catch (why) {
    trouble(why);
  } finally {
    $('check').disabled = false;
  }
});

$('import').addEventListener('click', async () => {
  const only = rows.filter((r) => r.verdict === 'add' || r.verdict === 'change').map((r) => r.n);
  $('import').disabled = $('check').disabled = true;
  $('trouble').hidden = true;
  try {
    await send('/console/import', { text, ward, only, name });
    text = '';
    location.assign('/console/import#progress');
    location.reload();
  } catch (why) {
    trouble(why);
    $('import').disabled = $('check').disabled = false;
  }
});

document.addEventListener('click', async (e) => {
  if (e.target.id !== 'taken') return;
  try {
    await send('/console/import/taken', {});
    $('secrets').remove();
  } catch (why) {
    trouble(why);
  }
});
