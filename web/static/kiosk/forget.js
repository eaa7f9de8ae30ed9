// What this page's address kept in the browser goes with whose session it was.
// The page itself keeps nothing; an app that a ward put behind the same address
// may. The iPad's own cookie cannot be read here, and stays.

export async function forget() {
  for (const kept of ['localStorage', 'sessionStorage']) {
    try {
      window[kept].clear();
    } catch { /* switched off: it kept nothing */ }
  }
  for (const pair of document.cookie.split('; ')) {
    const name = pair.split('=')[0];
    if (name) for (const path of ['/', '/kiosk']) document.cookie = `${name}=; Max-Age=0; Path=${path}`;
  }
  try {
    for (const name of await caches.keys()) await caches.delete(name);
    for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
  } catch { /* not on this address, or not in this browser: nothing was kept in them */ }
}
