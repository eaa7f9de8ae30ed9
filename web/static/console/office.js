// The administrators' lists: what is done to a line is asked first, and a secret
// is shown once.

import { send } from './page.js';

let line = {}; // the one that a question is about
let done = false; // something was, so that the list behind the question is old

// written is what a question's fields hold: a name that several boxes share is a list.
function written(dialog) {
  const all = {};
  for (const el of dialog.querySelectorAll('[name]')) {
    if (el.type !== 'checkbox') all[el.name] = el.type === 'number' || 'number' in el.dataset ? Number(el.value) : el.value;
    else if (el.checked) (all[el.name] ??= []).push(el.value);
  }
  return all;
}

function ask(button) {
  const dialog = document.getElementById(button.dataset.opens);
  line = { ...button.dataset };
  for (const el of dialog.querySelectorAll('[data-says]')) el.textContent = line[el.dataset.says];
  for (const el of dialog.querySelectorAll('[data-fills]')) el.value = line[el.dataset.fills] ?? '';
  dialog.querySelector('.error').hidden = true;
  dialog.showModal();
}

async function act(button, dialog) {
  const error = dialog.querySelector('.error'), link = dialog.querySelector('.link');
  error.hidden = true;
  button.disabled = true;
  try {
    const said = await send(button.dataset.posts.replace(':id', encodeURIComponent(line.id)), written(dialog));
    done = true;
    if (!link) return dialog.close();
    link.textContent = said.path ? location.origin + said.path : said.code ?? said.link;
    link.hidden = false;
    button.hidden = true; // told once
  } catch (why) {
    error.textContent = why.message;
    error.hidden = false;
  } finally {
    button.disabled = false;
  }
}

document.addEventListener('click', (e) => {
  const button = e.target.closest('button');
  if (!button) return;
  if (button.dataset.opens) ask(button);
  else if ('closes' in button.dataset) button.closest('dialog').close();
  else if (button.dataset.posts) act(button, button.closest('dialog'));
});

document.addEventListener('close', () => { if (done) location.reload(); }, true); // it does not bubble
