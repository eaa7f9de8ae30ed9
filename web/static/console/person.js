// One person: what is asked about them is asked twice, and a badge is tapped or typed.

import './page.js';
import { listen } from '../kiosk/badge.js';
import { ask } from './asks.js';

ask(() => location.reload(), '/console/people/' + encodeURIComponent(document.body.dataset.id) + '/');

listen({
  badge(raw) { // of the dialog that waits for one; elsewhere it means nothing here
    if (document.getElementById('badge')?.open) document.getElementById('badge-number').value = raw;
  },
  key() {},
});
