package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/ledger"
)

// FreshFor is how long after a sign-in at the console passkeys may be added
// and removed: whoever finds a computer that was left alone must not leave a
// key of their own behind (ASVS 5.0, 7.5.1).
const FreshFor = 10 * time.Minute

// Own returns an owner's passkeys, suspended ones too, the oldest first.
func (p *Passkeys) Own(ctx context.Context, owner string) ([]ledger.Passkey, error) {
	keys, err := p.Ledger.Passkeys(ctx, owner)
	if err != nil {
		return nil, fmt.Errorf("reading the passkeys of %s: %w", owner, err)
	}
	return keys, nil
}

// Name renames an owner's passkey; custody.ErrNotFound if they have none of that id.
func (p *Passkeys) Name(ctx context.Context, owner, id, name string) error {
	if err := CheckPasskeyName(name); err != nil {
		return err
	}
	if err := p.Ledger.NamePasskey(ctx, owner, id, name); err != nil {
		return fmt.Errorf("naming a passkey of %s: %w", owner, err)
	}
	return nil
}

// Remove ends an owner's passkey for good, as by asked, and what it opened;
// custody.ErrNotFound if they have none of that id.
func (p *Passkeys) Remove(ctx context.Context, owner, id, by string) error {
	now := p.Now()
	if err := p.Ledger.RemovePasskey(ctx, owner, id, by, now); err != nil {
		return fmt.Errorf("removing a passkey of %s: %w", owner, err)
	}
	p.Log.Info("a passkey was removed", "owner", owner, "passkey", id, "by", by)
	p.ended(ctx, ledger.Passkey{ID: id, Owner: owner, Removed: now})
	return nil
}

func (p *Passkeys) ended(ctx context.Context, key ledger.Passkey) {
	if p.Ended != nil {
		p.Ended(ctx, key)
	}
}

func provedKey(session string) string { return "passkey:proved:" + digest(session) }

// Proved remembers for FreshFor that a session at the console was just opened.
func (p *Passkeys) Proved(ctx context.Context, session string) error {
	if err := p.Live.Put(ctx, provedKey(session), []byte{1}, FreshFor); err != nil {
		return fmt.Errorf("remembering a sign-in: %w", err)
	}
	return nil
}

// Fresh reports whether a session was opened within FreshFor. What cannot be
// read is not fresh.
func (p *Passkeys) Fresh(ctx context.Context, session string) bool {
	_, err := p.Live.Get(ctx, provedKey(session))
	return err == nil
}
