// The time until the iPad locks, counted in the page from what the server said
// last. At its end the page closes itself, whether the server can be reached
// or not. The browser's own clock may stand still while the iPad sleeps, and
// the wall's may be set back: whichever says that more time has gone is right.
// The wall's is read for how much has passed and never for what time it is.

const $ = (id) => document.getElementById(id);

export function countdown({ warn, over }) {
  let warnIn = Infinity, lockIn = 0, endsIn = 0, whole = 0, epoch = -1, own = 0, wall = 0, shown = '';

  const tick = () => {
    if (!endsIn) return;
    const gone = Math.max(performance.now() - own, Date.now() - wall);
    if (lockIn) showLeft(Math.max(0, lockIn - gone));
    warn(gone >= warnIn);
    if (gone < endsIn) return;
    endsIn = 0;
    over();
  };

  function showLeft(left) {
    const s = Math.ceil(left / 1000), text = Math.floor(s / 60) + ':' + String(s % 60).padStart(2, '0');
    if (text === shown) return;
    shown = text;
    $('left').textContent = $('warn-left').textContent = text;
    $('ring').setAttribute('stroke-dashoffset', String(100 - 100 * left / whole));
  }

  setInterval(tick, 250);
  document.addEventListener('visibilitychange', tick); // timers rest while the page is not in front
  addEventListener('pageshow', tick);

  return (state) => {
    const runs = state.state === 'in_use';
    lockIn = runs ? state.lock_in_ms : 0;
    endsIn = runs ? Math.min(state.lock_in_ms || Infinity, state.ends_in_ms || Infinity) : 0;
    if (endsIn === Infinity) endsIn = 0;
    $('clock').hidden = !lockIn;
    if (!endsIn) return;
    own = state.at ?? performance.now(); // an answer is as old as its question
    wall = Date.now() - (performance.now() - own);
    if (state.epoch !== epoch) whole = 0;
    epoch = state.epoch;
    whole = Math.max(whole, lockIn);
    warnIn = state.warned ? 0 : state.warn_in_ms > 0 ? state.warn_in_ms : Infinity;
    shown = '';
    tick();
  };
}
