// What an iPad says of itself: how long ago, and its ping.

import { t } from '../words.js';
import { renew } from './device.js';
import { now, send } from './page.js';

const base = '/console/devices/' + encodeURIComponent(document.body.dataset.id) + '/ping';

function ago(el) {
  const s = Math.max(0, Math.round((now() - Date.parse(el.dateTime)) / 1000));
  if (s < 60) return t('%d s ago', s);
  if (s < 3600) return t('%d min ago', Math.floor(s / 60));
  if (s < 172800) return t('%d h ago', Math.floor(s / 3600));
  return t('%d days ago', Math.floor(s / 86400));
}

function tick() {
  for (const el of document.querySelectorAll('time.ago')) {
    const text = ago(el);
    if (el.textContent !== text) el.textContent = text;
  }
}

let asking = false;
let stream; // open only while a ping waits

function say(html) { document.getElementById('pinged').innerHTML = html; }

function waits() { return document.querySelector('#pinged [data-waits="true"]') !== null; }

function watch() {
  if (stream) return;
  stream = new EventSource(base + '/events');
  stream.addEventListener('ping', (e) => {
    say(e.data); // rendered and escaped by the server
    if (waits()) return;
    stream.close();
    stream = undefined;
    renew(); // with the facts that came with the answer
  });
  stream.onerror = () => {
    if (stream?.readyState === EventSource.CLOSED) stream = undefined;
  };
}

document.addEventListener('click', async (e) => {
  if (asking || !e.target.closest('#ping')) return;
  asking = true; // the button is not disabled: it would lose the focus
  const line = document.createElement('span');
  try {
    const said = await send(base, {});
    line.dataset.waits = 'true';
    line.textContent = said.ping.says;
    say(line.outerHTML);
    watch();
  } catch (why) {
    line.className = 'error';
    line.textContent = why.message;
    say(line.outerHTML);
  } finally {
    asking = false;
  }
});

const opened = new Set(); // lists that a reader has opened: they stay so when the page renews itself

document.addEventListener('toggle', (e) => {
  const { list } = e.target.dataset;
  if (list) opened[e.target.open ? 'add' : 'delete'](list);
}, true); // it does not bubble

document.addEventListener('renewed', () => {
  for (const d of document.querySelectorAll('details[data-list]')) d.open = opened.has(d.dataset.list);
  tick();
  if (waits()) watch();
});
setInterval(tick, 1000);
tick();
if (waits()) watch();
