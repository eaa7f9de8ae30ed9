// What the page asks of the server. Every answer is either a value or a
// Refused with a sentence for people. A value says when it was asked for, by the
// page's own clock: what it says of time to come is no younger than that.

import { t } from '../words.js';

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.title || t('Something went wrong. Try again, or use another iPad.'));
    this.status = status;
    this.code = problem.code || '';
    this.other = problem.other || '';
  }
}

const patience = 12000; // ms; the server answers in ten seconds, or not at all

async function ask(path, options) {
  const at = performance.now();
  let answer;
  try {
    answer = await fetch('/kiosk/' + path, { cache: 'no-store', credentials: 'same-origin', signal: AbortSignal.timeout(patience), ...options });
  } catch {
    throw new Refused(0, { title: t('There is no connection, so nothing was done. Try again, or use a downtime iPad.'), code: 'offline' });
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, body);
  return { ...body, at };
}

const post = (path, body, more) => ask(path, { ...more, method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

export const state = () => ask('state');
export const tap = (badge, nonce) => post('tap', { badge, nonce });
export const pin = (pin, nonce) => post('pin', { pin, nonce });
export const newPIN = (pin, nonce) => post('newpin', { pin, nonce });
export const changePIN = (epoch) => post('changepin', { epoch });
export const newCard = (yes, nonce) => post('newcard', { yes, nonce });
export const emergency = (nonce) => post('emergency', { nonce });
export const emergencyCode = (code, nonce) => post('emergency/code', { code, nonce });
export const explain = (epoch, { device, version }, why) => post('explain', { epoch, device, version, why });
export const takeOver = (nonce) => post('takeover', { nonce });
// A touch of a page that shows that version is answered with the times alone. An app may be opening in place of the page.
export const touch = (epoch, version) => post('touch', { epoch, version }, { keepalive: true });
export const giveBack = (epoch) => post('return', { epoch });
export const keyBegin = () => post('passkey/begin', {});
export const keyFinish = (ceremony, response) => post('passkey/finish', { ceremony, response });
export const addKey = (epoch) => post('passkey/add', { epoch });
export const addKeyBegin = (epoch) => post('passkey/add/begin', { epoch });
export const addKeyFinish = (epoch, ceremony, response) => post('passkey/add/finish', { epoch, ceremony, response });
