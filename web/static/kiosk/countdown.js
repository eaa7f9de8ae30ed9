// The time until the iPad locks, counted in the page from what the server said
// last. At its end the page closes itself, whether the server can be reached
// or not.

const ring = document.getElementById('ring');
const text = document.getElementById('left');
const clock = document.getElementById('clock');

export function countdown({ warn, over }) {
  let warnAt = 0, lockAt = 0, whole = 0, epoch = -1;

  const tick = () => {
    if (!lockAt) return;
    const now = performance.now(), left = Math.max(0, lockAt - now);
    const s = Math.ceil(left / 1000);
    text.textContent = Math.floor(s / 60) + ':' + String(s % 60).padStart(2, '0');
    ring.setAttribute('stroke-dashoffset', String(100 - 100 * left / whole));
    warn(Boolean(warnAt) && now >= warnAt);
    if (left === 0) {
      lockAt = 0;
      over();
    }
  };
  setInterval(tick, 250);

  return (state) => {
    const runs = state.state === 'in_use' && state.lock_in_ms > 0;
    clock.hidden = !runs;
    lockAt = warnAt = 0;
    if (!runs) return;
    const now = performance.now();
    if (state.epoch !== epoch) whole = 0;
    epoch = state.epoch;
    whole = Math.max(whole, state.lock_in_ms);
    lockAt = now + state.lock_in_ms;
    warnAt = state.warned ? now : state.warn_in_ms > 0 ? now + state.warn_in_ms : 0;
    tick();
  };
}
