// Who somebody is, where it is not a PIN that is asked: an emergency, the
// ward's sealed code, a PIN to be chosen, a card that is new.

import * as api from './api.js';
import { t } from '../words.js';

const $ = (id) => document.getElementById(id);
const onClick = (id, what) => $(id).addEventListener('click', what);
const codeDigits = 10;

// people returns what the page asks beside the state that it is told. now()
// is the state that is shown, show() draws it again.
export function people({ act, now, show, refresh }) {
  let urgent = '';            // the nonce of a PIN's question that the emergency stands before
  let coding = false;         // the sealed code is asked for
  let first = '', asked = ''; // the PIN that was typed first, and the question it answers
  let why = false;            // the emergency is asked about
  let later = 0;              // the one that is not asked about by itself again

  const local = ['urgently', 'again', 'code', 'explain'];
  let real = now(); // as the server said it

  // changes puts in place of what the server asks what is asked here first.
  function changes(s) {
    if (!local.includes(s.asks)) real = s; else s = real;
    if (s.nonce !== asked) first = '';
    if (s.nonce !== urgent) urgent = '';
    if (s.asks || s.state !== 'clean' || !s.code) coding = false;
    if (coding) return { ...s, asks: 'code', sentence: t('It is in the sealed envelope of this ward, and is good once.') };
    if (urgent && s.asks === 'pin') return { ...s, asks: 'urgently' };
    if (first && s.asks === 'newpin') return { ...s, asks: 'again', sentence: t('Enter the same PIN again.') };
    if (!s.explain || s.state !== 'in_use') why = false;
    else if (s.assurance !== 'break_glass' && s.explain.version !== later) why = true;
    if (why && !s.asks) return { ...s, asks: 'explain' };
    return s;
  }

  // entered takes what was typed where it is not a PIN to sign in with.
  function entered(digits) {
    const s = now();
    if (s.asks === 'newpin') {
      first = digits;
      asked = s.nonce;
      show();
      return true;
    }
    if (s.asks === 'again') {
      const same = digits === first;
      first = '';
      if (same) act(() => api.newPIN(digits, s.nonce));
      else {
        real = { ...real, sentence: t('The two were not the same. Choose a PIN again.') };
        show();
      }
      return true;
    }
    if (s.asks !== 'code') return false;
    coding = false;
    act(() => api.emergencyCode(digits, s.nonce));
    return true;
  }

  // cancelled takes a cancel that ends what is asked here, and nothing else.
  function cancelled() {
    if (!coding) return false;
    coding = false;
    refresh();
    return true;
  }

  onClick('emergency', () => { urgent = now().nonce; show(); });
  onClick('urgently-no', () => { urgent = ''; show(); });
  onClick('urgently-yes', () => { urgent = ''; act(() => api.emergency(now().nonce)); });
  onClick('use-code', () => { coding = true; show(); });
  onClick('change-pin', () => act(() => api.changePIN(now().epoch)));
  onClick('newcard-yes', () => act(() => api.newCard(true, now().nonce)));
  onClick('newcard-no', () => act(() => api.newCard(false, now().nonce)));
  onClick('say-why', () => { why = true; show(); });
  onClick('explain-later', () => { why = false; later = now().explain?.version; show(); });
  $('reasons').addEventListener('click', (e) => {
    const b = e.target.closest('button');
    // The history has it in English, whatever language its reader has.
    if (b && now().explain) act(() => api.explain(now().epoch, now().explain, b.dataset.why));
  });

  return {
    changes, entered, cancelled,
    pads: (asks) => ['pin', 'newpin', 'again', 'code'].includes(asks),
    digits: (s) => s.asks === 'code' ? codeDigits : s.asks === 'pin' ? 6 : s.digits || 6,
  };
}
