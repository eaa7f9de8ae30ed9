package identity

import (
	"context"
	"time"
)

// MintAPIToken returns a bearer token for the API that lasts for ttl. It is
// kept in live: losing Redis ends it.
func (i *Identity) MintAPIToken(ctx context.Context, name string, role Role, ttl time.Duration, wards ...string) (string, error) {
	who := Staff{Name: name, Role: role, Wards: wards}
	if err := who.validate(); err != nil {
		return "", err
	}
	return i.mint(ctx, "staff:api:", who, ttl)
}

// StaffByToken returns whose API token it is.
func (i *Identity) StaffByToken(ctx context.Context, token string) (who Staff, err error) {
	raw, err := i.Live.Get(ctx, "staff:api:"+digest(token))
	if err := i.read(raw, err, &who); err != nil {
		return Staff{}, err
	}
	return who, who.validate()
}
