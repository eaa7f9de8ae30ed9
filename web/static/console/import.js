// Import: the page reads the file and sends its text. First what would be done,
// then, of the rows that were shown as such, what is done.

import { send } from './page.js';

const $ = (id) => document.getElementById(id);
const most = 500; // rows in the table at once
const words = {
  dry: { add: 'Would be added', change: 'Would change', unchanged: 'Unchanged', refused: 'Refused' },
  done: { add: 'Added', change: 'Changed', unchanged: 'Unchanged', refused: 'Refused' },
};

let text = '';  // of the file that was checked
let ward = '';  // whose readers its badge numbers are written by
let rows = [];  // of the last report
let done = false;

// read answers the file's text, or throws a sentence.
async function read(file) {
  if (file.size > 10 * 1024 * 1024) throw new Error('This file is larger than 10 MB. Split it.');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error('This file is not UTF-8. Save it as “CSV UTF-8”, then choose it again.');
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
  const verdict = cell('td', 'Verdict', '');
  const mark = cell('span', '', words[done ? 'done' : 'dry'][row.verdict]);
  mark.className = 'verdict-' + row.verdict;
  verdict.append(mark);
  const about = row.name && !row.what.endsWith(' ' + row.name) ? `${row.what} (${row.name})` : row.what;
  tr.append(n, cell('td', 'What', about), verdict, cell('td', 'Detail', (row.says || []).join('; ')));
  return tr;
}

function show() {
  const which = $('which').value;
  const shown = rows.filter((r) => !which || r.verdict === which);
  $('lines').replaceChildren(...shown.slice(0, most).map(line));
  $('rest').hidden = shown.length <= most;
  $('rest').textContent = `${shown.length - most} more rows are like this. Choose what to show above.`;
}

function tell() {
  const n = { add: 0, change: 0, unchanged: 0, refused: 0 };
  for (const r of rows) n[r.verdict]++;
  const todo = n.add + n.change;
  $('report').hidden = false;
  $('report-title').textContent = done ? 'This was done' : 'This would be done';
  $('sum').textContent = `${n.add} ${done ? 'added' : 'to add'}, ${n.change} ${done ? 'changed' : 'to change'}, ${n.unchanged} unchanged, ${n.refused} refused.`;
  $('import').hidden = done || todo === 0;
  $('import').textContent = todo === 1 ? 'Import this row' : `Import these ${todo} rows`;
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
    ward = $('reads').value;
    ({ rows } = await send('/console/import', { text, ward, dry: true }));
    rows ||= [];
    done = false;
    $('secrets').hidden = true;
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
  const all = rows.length, written = [];
  $('import').disabled = $('check').disabled = true;
  $('trouble').hidden = true;
  try {
    for (let from = 0; ;) {
      const said = await send('/console/import', { text, ward, only, from });
      written.push(...(said.rows || []));
      for (const c of said.credentials || []) {
        const li = document.createElement('li');
        li.append(cell('b', '', c.reader), ' ', cell('code', '', c.secret));
        $('credentials').append(li);
        $('secrets').hidden = false;
      }
      if (!said.next) break;
      from = said.next;
      $('sum').textContent = `${written.length} of ${all} rows are done. Stay on this page.`;
    }
    rows = written;
    done = true;
    text = '';
    tell();
    $('report-title').focus();
  } catch (why) {
    trouble(new Error(`${why.message} ${written.length} rows were done before. Check the file again to see what is left.`));
  } finally {
    $('import').disabled = $('check').disabled = false;
  }
});
