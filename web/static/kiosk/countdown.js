// The time until the iPad locks, counted in the page from what the server said
// last. At its end the page closes itself, whether the server can be reached
// or not. The browser's own clock may stand still while the iPad sleeps, and
// the wall's may be set back: whichever says that more time has gone is right.

const ring = document.getElementById('ring');
const text = document.getElementById('left');
const clock = document.getElementById('clock');

export function countdown({ warn, over }) {
  let warnIn = Infinity, lockIn = 0, whole = 0, epoch = -1, own = 0, wall = 0;

  const tick = () => {
    if (!lockIn) return;
    const gone = Math.max(performance.now() - own, Date.now() - wall), left = Math.max(0, lockIn - gone);
    const s = Math.ceil(left / 1000);
    text.textContent = Math.floor(s / 60) + ':' + String(s % 60).padStart(2, '0');
    ring.setAttribute('stroke-dashoffset', String(100 - 100 * left / whole));
    warn(gone >= warnIn);
    if (left === 0) {
      lockIn = 0;
      over();
    }
  };
  setInterval(tick, 250);

  return (state) => {
    const runs = state.state === 'in_use' && state.lock_in_ms > 0;
    clock.hidden = !runs;
    lockIn = 0;
    if (!runs) return;
    own = performance.now();
    wall = Date.now();
    if (state.epoch !== epoch) whole = 0;
    epoch = state.epoch;
    whole = Math.max(whole, state.lock_in_ms);
    lockIn = state.lock_in_ms;
    warnIn = state.warned ? 0 : state.warn_in_ms > 0 ? state.warn_in_ms : Infinity;
    tick();
  };
}
