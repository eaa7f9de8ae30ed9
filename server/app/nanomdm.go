package app

import (
	"fmt"

	"github.com/padwarden/padwarden/server/mdm"
	"github.com/padwarden/padwarden/server/mdm/remote"
)

// NanoMDM is a NanoMDM server that is there already. The zero value: there is
// none, and devices connect to padwarden.
type NanoMDM struct {
	URL        string // https://host, as we and the devices reach it
	APIKey     string // of its API (-api)
	WebhookKey string // its webhooks are signed with it (-webhook-hmac-key)
}

// open returns the way to the server, or nil. Pushes says that it wakes the
// devices too, since there is no push certificate here.
func (n NanoMDM) open(pushes bool) (*mdm.Remote, error) {
	if n.URL == "" {
		return nil, nil
	}
	server, err := remote.New(n.URL, n.APIKey)
	if err != nil {
		return nil, fmt.Errorf("setting up the NanoMDM server: %w", err)
	}
	return &mdm.Remote{Queue: server, MDMURL: server.URL() + "/mdm", Key: []byte(n.WebhookKey), Pushes: pushes}, nil
}
