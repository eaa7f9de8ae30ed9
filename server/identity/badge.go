package identity

import "github.com/padwarden/padwarden/server/badge"

// Badge returns what stands for a badge everywhere: the HMAC-SHA256 of its
// canonical number. The number itself is not kept. It is read as [Config.Format]
// says, or is canonical already.
func (i *Identity) Badge(raw string) ([]byte, error) { return i.BadgeAs(i.Format, raw) }

// BadgeAs is Badge for a reader that writes numbers as f says.
func (i *Identity) BadgeAs(f badge.Format, raw string) ([]byte, error) {
	number, err := f.Normalise(raw)
	if err != nil {
		return nil, refusal(RefusedBadge, "That was not a badge number. Tap your badge again; if it stays, ask for your badge to be registered.")
	}
	return i.mac("badge", number), nil
}
