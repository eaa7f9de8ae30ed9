// Touches are evidence that the holder is there: a finger, a pen, a key. What a
// script does is none, nor what scrolls by itself, nor a key that something lies on.

// presence tells report of touches while counts() says that they count: once in
// every() ms, and at once while warned() says that the warning shows.
export function presence({ counts, every, warned, report }) {
  let told = -Infinity, telling = false;

  async function touch(always) {
    if (telling || !counts()) return;
    const now = performance.now();
    if (!always && !warned() && now - told < every()) return;
    told = now;
    telling = true;
    try {
      await report();
    } catch {
      told = -Infinity; // nobody heard: the next one is told at once
    } finally {
      telling = false;
    }
  }

  const input = (e, always = false) => { if (e.isTrusted && !e.repeat) touch(always); };
  document.addEventListener('pointerdown', (e) => input(e));
  return input;
}
