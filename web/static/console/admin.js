// Administration: what htmx brings, and what it cannot.

import { Ended, explain, renewToken } from './page.js';
import { t } from '/static/words.js';

// What was refused says why, above what was written, which stays.
function say(sentence) {
  const problem = document.getElementById('problem');
  if (!problem) return;
  problem.textContent = sentence;
  problem.hidden = !sentence;
}

document.addEventListener('htmx:responseError', async (e) => {
  const problem = document.getElementById('problem');
  if (!problem) return;
  let said = {};
  try { said = JSON.parse(e.detail.xhr.responseText); } catch { /* not ours to read */ }
  if (e.detail.xhr.status === 401) { // what was written stays, and is saved once they are back
    explain(problem, new Ended(t('Your sign-in has ended, so nothing was done. Sign in again in another tab, then press it once more: what you wrote stays here.')));
  } else if (said.code === 'csrf' && await renewToken()) {
    if (e.detail.elt.id === 'editor') window.htmx.trigger('#editor', 'submit');
  } else {
    say(said.title || t('Something went wrong. Try again.'));
  }
});
document.addEventListener('htmx:sendError', () => say(t('There is no connection, so nothing was done. Try again.')));

// What was refused before is said no longer once something went well. Not when it
// has settled, a moment later: by then the next may have been refused.
document.addEventListener('htmx:afterRequest', (e) => { if (e.detail.successful) say(''); });

// A field is marked as long as something is said against it, and what keeps the
// whole from being saved is where the eyes and the reader are.
document.addEventListener('htmx:afterSettle', (e) => {
  if (!document.getElementById('editor')) return;
  for (const fault of document.querySelectorAll('[id^="fault-"]')) {
    const field = document.getElementById('f-' + fault.id.slice('fault-'.length));
    if (!field) continue;
    if (fault.hidden) field.removeAttribute('aria-invalid');
    else field.setAttribute('aria-invalid', 'true');
  }
  if (e.target.id === 'editor' || e.detail.elt?.id === 'editor') document.getElementById('trouble')?.focus();
});
