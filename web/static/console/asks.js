// Dialogs that ask before something is done: a button that opens one, the
// fields in it, and the button that does it. A badge reader's keys go into a
// field that has the focus like anybody's.

import { send } from './page.js';

// Before the document listens for bursts: what is typed into a field stays there.
window.addEventListener('keydown', (e) => {
  if (e.target.matches?.('input, textarea, select')) e.stopPropagation();
}, true);

// written is what the fields of a dialog hold. A day ends with its last moment,
// in the zone of who chose it.
function written(dialog) {
  const body = {};
  for (const el of dialog.querySelectorAll('[name]')) {
    if (el.type !== 'date') body[el.name] = el.value;
    else if (el.value) {
      const [y, m, d] = el.value.split('-').map(Number);
      body[el.name] = new Date(y, m - 1, d + 1).toISOString();
    }
  }
  return body;
}

// ask wires the dialogs up. base is what a deed's name is put after; done is
// called with the answer and what was sent.
export function ask(done, base = '') {
  document.addEventListener('click', async (e) => {
    const button = e.target.closest('button');
    if (!button) return;
    const dialog = button.closest('dialog');
    if (button.dataset.opens) {
      const asks = document.getElementById(button.dataset.opens);
      if (button.dataset.ref) {
        asks.querySelector('[name=ref]').value = button.dataset.ref;
        asks.querySelector('.named').textContent = button.dataset.named;
      }
      asks.querySelector('.error').hidden = true;
      asks.showModal();
    } else if ('closes' in button.dataset) {
      dialog.close();
      if (dialog.dataset.told) location.reload();
    } else if (button.dataset.does) {
      const error = dialog.querySelector('.error'), body = written(dialog);
      error.hidden = true;
      button.disabled = true;
      try {
        const said = await send(base + button.dataset.does, body);
        if (said.code) { // to be read before the dialog closes; told once
          const told = dialog.querySelector('.link');
          told.textContent = said.code;
          told.hidden = false;
          button.hidden = true;
          dialog.dataset.told = 'yes';
        } else done(said, body);
      } catch (why) {
        error.textContent = why.message;
        error.hidden = false;
      } finally {
        button.disabled = false;
      }
    }
  });
}
