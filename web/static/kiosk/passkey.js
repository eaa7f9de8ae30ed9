// Keys on the iPad's page: signing in with one, and adding one to whoever is
// signed in. While the browser asks, a few calm words say so.

import * as api from './api.js';
import { create, get, offered, Unanswered } from '../passkey.js';

const $ = (id) => document.getElementById(id);
let stop = null; // ends the browser's asking

// during shows the words while what() has the browser ask, and answers what came of it.
async function during(what) {
  stop = new AbortController();
  document.body.dataset.waits = 'key';
  $('key-wait-title').focus({ preventScroll: true });
  try {
    return await what(stop.signal);
  } finally {
    stop = null;
    document.body.dataset.waits = '';
  }
}

export const waiting = () => stop !== null;
export const cancel = () => stop?.abort();

// signIn answers the state that a key led to.
export const signIn = () => during(async (signal) => {
  const { ceremony, options } = await api.keyBegin();
  return api.keyFinish(ceremony, await get(options, signal));
});

// add adds a key to the holder of the session of epoch.
export const add = (epoch) => during(async (signal) => {
  const { ceremony, options } = await api.addKeyBegin(epoch);
  return api.addKeyFinish(epoch, ceremony, await create(options, signal));
});

// said is what to tell of a failure; undefined for one that is not ours.
export function said(e) {
  if (e instanceof Unanswered) return e.quiet ? '' : e.message;
  return undefined;
}

if (!offered()) document.body.dataset.keys = 'false';
$('key-cancel').addEventListener('click', cancel);
