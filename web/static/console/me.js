// Adding a passkey to oneself.

import { create, offered } from '../passkey.js';
import { send } from './page.js';
import { t } from '../words.js';

const dialog = document.getElementById('add'), button = document.getElementById('add-yes');
const waits = dialog.querySelector('.waits'), error = dialog.querySelector('.error');
let stop = null;

button.addEventListener('click', async () => {
  error.hidden = true;
  button.disabled = true;
  waits.hidden = false;
  stop = new AbortController();
  try {
    if (!offered()) throw new Error(t('This browser has no passkeys. Use another one.'));
    const name = document.getElementById('add-name').value.trim();
    if (!name) throw new Error(t('Give it a name by which you know it, such as "blue key".'));
    const { ceremony, options } = await send('/console/me/passkeys/begin', {});
    await send('/console/me/passkeys', { ceremony, name, response: await create(options, stop.signal) });
    location.reload();
  } catch (why) {
    error.textContent = why.message;
    error.hidden = Boolean(why.quiet);
  } finally {
    stop = null;
    button.disabled = false;
    waits.hidden = true;
  }
});

dialog.addEventListener('close', () => stop?.abort());
