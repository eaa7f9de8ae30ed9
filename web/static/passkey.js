// Asks the browser for a passkey, and writes what it answers as JSON. Binary
// values travel as base64url (Web Authentication Level 3, 5.1.8); the browser's
// own conversions came with iPadOS 18.4, so they are made here.

import { t } from './words.js';

const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join('')).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const listed = (credentials) => (credentials || []).map((c) => ({ ...c, id: bytes(c.id) }));

export const offered = () => 'credentials' in navigator && 'PublicKeyCredential' in window;

// Unanswered is what the browser could not get, in a sentence. With quiet there
// is nothing to say: it was stopped from here.
export class Unanswered extends Error {
  constructor(why, creating) {
    super(creating && why.name === 'InvalidStateError' ? t('This key is registered already. Use it, or add another one.') : sentence(why.name));
    this.quiet = why.name === 'AbortError';
  }
}

function sentence(name) {
  switch (name) {
    case 'NotAllowedError': return t('No key answered, or it was cancelled. Have your key ready, then press the button again.');
    case 'SecurityError': return t('This page may not ask for keys under this address. Sign in another way, and tell IT.');
    case 'NotSupportedError': return t('This key cannot be used here: it is too old. Use another one, or sign in another way.');
    case 'ConstraintError': return t('This key has no PIN and knows no finger yet. Set one of them on it first, or use another key.');
  }
  return t('The browser could not ask for a key. Try again, or sign in another way.');
}

// get signs a challenge with whatever passkey is there.
export async function get(options, signal) {
  const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: listed(options.allowCredentials) };
  const c = await navigator.credentials.get({ publicKey, signal }).catch((why) => { throw new Unanswered(why, false); });
  const r = c.response;
  return {
    id: c.id, rawId: text(c.rawId), type: c.type, authenticatorAttachment: c.authenticatorAttachment || undefined,
    clientExtensionResults: {},
    response: {
      clientDataJSON: text(r.clientDataJSON), authenticatorData: text(r.authenticatorData), signature: text(r.signature),
      userHandle: r.userHandle ? text(r.userHandle) : undefined,
    },
  };
}

// create makes a new passkey.
export async function create(options, signal) {
  const publicKey = {
    ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: listed(options.excludeCredentials),
  };
  const c = await navigator.credentials.create({ publicKey, signal }).catch((why) => { throw new Unanswered(why, true); });
  const r = c.response;
  return {
    id: c.id, rawId: text(c.rawId), type: c.type, authenticatorAttachment: c.authenticatorAttachment || undefined,
    clientExtensionResults: {},
    response: {
      clientDataJSON: text(r.clientDataJSON), attestationObject: text(r.attestationObject), transports: r.getTransports?.() || [],
    },
  };
}
