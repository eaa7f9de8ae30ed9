// A badge reader that acts as a keyboard types a burst and mostly ends it with
// Enter. Nothing on the page is focused for it: the document listens. A key
// that comes alone is a person's. Only a keyboard is listened to: no script, and
// no key that something lies on.

const burstGap = 100; // ms between the keys of a reader
const silence = 250;  // ms after which a burst without Enter is complete
const shortest = 4;   // fewer keys in a row are no badge

export function listen({ badge, key }) {
  let keys = '', last = 0, timer = 0, by = null;

  const flush = () => {
    clearTimeout(timer);
    const typed = keys;
    keys = '';
    if (typed.length >= shortest) badge(typed);
    else for (const k of typed) key(k, by);
  };

  document.addEventListener('keydown', (e) => {
    if (!e.isTrusted || e.repeat || e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
    const now = performance.now(), burst = keys !== '' && now - last < burstGap;
    last = now;
    if (e.key === 'Enter' && keys.length >= shortest) {
      e.preventDefault(); // it must not press whatever button has the focus
      e.stopPropagation();
      flush();
      return;
    }
    if (e.key.length !== 1) {
      key(e.key, e);
      return;
    }
    if (!burst) flush();
    by = e;
    if (keys.length < 128) keys += e.key;
    if (burst) e.preventDefault();
    clearTimeout(timer);
    timer = setTimeout(flush, silence);
  }, true);
}
