// The PIN pad: drawn in the page, so that no field is focused and no keyboard
// comes up. Digits live here and go nowhere but to enter.

import { t } from '../words.js';

const most = 12;

export function pad({ enter }) {
  const dots = document.getElementById('dots');
  const ok = document.getElementById('enter');
  let digits = '', least = 6;

  const show = () => {
    dots.replaceChildren(...Array.from({ length: Math.max(least, digits.length) }, (_, n) => {
      const dot = document.createElement('i');
      if (n < digits.length) dot.className = 'full';
      return dot;
    }));
    dots.setAttribute('aria-label', digits.length === 0 ? t('No digit entered') : t('%d digits entered', digits.length));
    ok.disabled = digits.length < least;
  };
  const type = (d) => {
    if (/^[0-9]$/.test(d) && digits.length < most) digits += d;
    show();
  };
  const erase = () => { digits = digits.slice(0, -1); show(); };
  const clear = () => { digits = ''; show(); };
  const send = () => {
    if (digits.length < least) return;
    const pin = digits;
    clear();
    enter(pin);
  };

  document.getElementById('pad').addEventListener('click', (e) => {
    const d = e.target.closest('button')?.dataset.digit;
    if (d !== undefined) type(d);
  });
  document.getElementById('erase').addEventListener('click', erase);
  ok.addEventListener('click', send);
  show();
  return {
    clear,
    expects: (n) => { if (n !== least) { least = n; show(); } },
    key: (k) => { if (k === 'Backspace') erase(); else type(k); },
  };
}
