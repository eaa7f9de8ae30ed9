// One device: its page renews itself when the device changes, and what is
// asked of it is asked twice.

import { explain, follow, localise, send, set, wind } from './page.js';

const { id, ward } = document.body.dataset;
const base = `/console/devices/${encodeURIComponent(id)}/`;
let epoch = 0; // the hand-over that was on the page when a question was opened
let hands = ''; // who had it in hand then

export async function renew() {
  const answer = await fetch(location.href, { cache: 'no-store', credentials: 'same-origin' }).catch(() => null);
  if (!answer?.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('live');
  const live = document.getElementById('live');
  if (!next || next.innerHTML === live.dataset.last) return;
  const { dataset: { opens } = {}, id: focused } = live.contains(document.activeElement) ? document.activeElement : {};
  next.dataset.last = next.innerHTML;
  live.replaceWith(next);
  localise(next);
  wind(next);
  document.dispatchEvent(new Event('renewed'));
  if (opens) next.querySelector(`[data-opens="${opens}"]`)?.focus();
  else if (focused) document.getElementById(focused)?.focus();
}

// shown is the hand-over that is on the page, and who has the iPad in hand.
function shown() {
  const { epoch, hands } = document.getElementById('live').dataset;
  return { epoch: Number(epoch), hands };
}

// One takes it in hand at once: it can be handed back.
document.addEventListener('click', async (e) => {
  if (!e.target.closest('#take')) return;
  const { epoch, hands } = shown();
  try {
    await send(base + 'hands', { epoch, from: hands, take: true });
    await renew();
  } catch (why) {
    await renew();
    explain(document.getElementById('told'), why);
  }
});

// written is what a question's fields hold.
function written(dialog) {
  return Object.fromEntries([...dialog.querySelectorAll('[name]')].map((el) => [el.name, el.value]));
}

document.addEventListener('click', async (e) => {
  const button = e.target.closest('button');
  if (!button) return;
  const dialog = button.closest('dialog');
  if (button.dataset.opens) {
    ({ epoch, hands } = shown());
    const asks = document.getElementById(button.dataset.opens), told = asks.querySelector('.link');
    if (told) { told.hidden = true; told.textContent = ''; asks.querySelector('[data-does]').hidden = false; }
    asks.showModal();
  } else if ('closes' in button.dataset) {
    dialog.close();
  } else if (button.dataset.does) {
    const error = dialog.querySelector('.error');
    error.hidden = true;
    button.disabled = true;
    try {
      const said = await send(base + button.dataset.does, { epoch, from: hands, ...written(dialog) });
      const link = dialog.querySelector('.link');
      if (link) { // an answer to be read before the dialog closes
        link.textContent = said.link || said.code;
        link.hidden = false;
        button.hidden = true; // told once
        await renew();
      } else {
        dialog.close();
        await renew();
      }
    } catch (why) {
      explain(error, why);
      renew(); // it may wait for a second person now
    } finally {
      button.disabled = false;
    }
  }
});

follow('/console/events?ward=' + encodeURIComponent(ward), {
  device(html) { if (html.includes(`data-id="${id}"`)) renew(); },
  snapshot: renew,
  approvals: renew,
  clocks(data) {
    const clock = JSON.parse(data)[id], el = document.querySelector('#live .clock');
    if (clock && el) set(el, clock[0], clock[1]);
  },
});
