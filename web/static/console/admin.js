// Administration: what htmx brings, and what it cannot.

import { t } from '/static/words.js';

// A session that has ended answers with the page where one signs in: that page,
// and not a part of it in the middle of this one.
document.addEventListener('htmx:beforeSwap', (e) => {
  if (new URL(e.detail.xhr.responseURL || location.href).pathname !== '/console/start') return;
  e.detail.shouldSwap = false;
  location.assign('/console/start');
});

// What was refused says why, above what was written, which stays.
function say(sentence) {
  const problem = document.getElementById('problem');
  if (!problem) return;
  problem.textContent = sentence;
  problem.hidden = !sentence;
}

document.addEventListener('htmx:responseError', (e) => {
  if (e.detail.xhr.status === 401) return location.assign('/console/start');
  let title = '';
  try { title = JSON.parse(e.detail.xhr.responseText).title; } catch { /* not ours to read */ }
  say(title || t('Something went wrong. Try again.'));
});
document.addEventListener('htmx:sendError', () => say(t('There is no connection, so nothing was done. Try again.')));

// A field is marked as long as something is said against it, and what keeps the
// whole from being saved is where the eyes and the reader are.
document.addEventListener('htmx:afterSettle', (e) => {
  if (!document.getElementById('editor')) return;
  if (e.detail.successful !== false) say('');
  for (const fault of document.querySelectorAll('[id^="fault-"]')) {
    const field = document.getElementById('f-' + fault.id.slice('fault-'.length));
    if (!field) continue;
    if (fault.hidden) field.removeAttribute('aria-invalid');
    else field.setAttribute('aria-invalid', 'true');
  }
  if (e.target.id === 'editor' || e.detail.elt?.id === 'editor') document.getElementById('trouble')?.focus();
});
