// What scripts say, in the language of the page: it carries the texts that its
// scripts have, by the English ones. A text with nothing there stays English.

const texts = JSON.parse(document.getElementById('words')?.textContent || '{}') || {};

// t is text in the page's language, its places (%s, %d, %[2]s) filled with args.
// The first argument is always written out: the catalogue is made from it.
export function t(text, ...args) {
  let n = 0;
  return (texts[text] ?? text).replace(/%(?:\[(\d)\])?[sdv]/g, (all, at) => {
    const value = args[at ? at - 1 : n];
    n++;
    return value === undefined ? all : value;
  });
}
