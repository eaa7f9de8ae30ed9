// Signing in with a passkey: no name is typed, the passkey brings it.

import { get, offered, Unanswered } from '../passkey.js';
import { send } from './page.js';
import { t } from '../words.js';

const button = document.getElementById('use-key'), says = document.getElementById('key-says');
const own = (e) => e instanceof Unanswered && e.quiet ? '' : e.message;

if (/^127\.|^\[::1\]$/.test(location.hostname)) { // they are made for a name, never for an address
  button.disabled = true;
  says.textContent = t('Passkeys work under this server\'s name: on this machine open %s.', location.origin.replace(location.hostname, 'localhost') + location.pathname);
} else if (!offered()) {
  button.disabled = true;
  says.textContent = t('This browser has no passkeys. Sign in another way.');
}

button.addEventListener('click', async () => {
  button.disabled = true;
  says.textContent = t('Waiting for your passkey…');
  try {
    const { ceremony, options } = await send('/console/start/passkey/begin', {});
    location.assign((await send('/console/start/passkey', { ceremony, response: await get(options) })).next);
  } catch (e) {
    says.textContent = own(e);
  } finally {
    button.disabled = false;
  }
});
