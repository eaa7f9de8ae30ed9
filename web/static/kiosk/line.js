// The line to the server: a stream of states with a beat. The page says at once
// when it is gone: when the browser says so, when the stream breaks, and when
// it has fallen silent, which a dead access point does without a word.

const leeway = 1.5; // beats that may pass without one
const slack = 1000; // ms more, for a busy iPad

// follow hands each state to state, and says to alive whether there is a line.
// refused is asked what became of a stream that the server would not open; it
// answers whether there is little use in asking again.
export function follow({ state, alive, refused }) {
  let stream = null, beat = 3000, heard = 0, again = 0;

  const hear = () => { heard = performance.now(); alive(true); };

  function open() {
    clearTimeout(again);
    again = 0;
    stream?.close();
    heard = performance.now();
    const s = stream = new EventSource('/kiosk/events');
    s.addEventListener('beat', (e) => { beat = Number(e.data) || beat; hear(); });
    s.addEventListener('state', (e) => { hear(); state(JSON.parse(e.data)); });
    s.onerror = async () => {
      if (s !== stream) return;
      alive(false);
      if (s.readyState !== EventSource.CLOSED) return; // it tries again by itself
      again = setTimeout(open, 30000);
      if (await refused() || s !== stream) return;
      clearTimeout(again);
      again = setTimeout(open, 3000);
    };
  }

  // What still comes over a line that was silent is old: a new one begins with
  // the present state.
  function watch() {
    if (again || performance.now() - heard < beat * leeway + slack) return;
    alive(false);
    open();
  }

  setInterval(watch, 500);
  addEventListener('offline', () => alive(false));
  addEventListener('online', open);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) watch(); });
  if (navigator.onLine === false) alive(false);
  open();
}
