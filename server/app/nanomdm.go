package app

import (
	"fmt"
	"strings"

	"github.com/padwarden/padwarden/server/mdm"
	"github.com/padwarden/padwarden/server/mdm/remote"
)

// NanoMDM is a NanoMDM server that is there already. The zero value: there is
// none, and devices connect to padwarden.
type NanoMDM struct {
	URL        string // https://host, as we and the devices reach it
	APIKey     string // of its API (-api)
	WebhookKey string // its webhooks are signed with it (-webhook-hmac-key)
	// Topic is that of its push certificate, com.apple.mgmt.…: needed where it
	// wakes the iPads, since each enrolment says whose pushes it takes.
	Topic string
}

// open returns the way to the server, or nil. Pushes says that it wakes the
// devices too, since there is no push certificate here.
func (n NanoMDM) open(pushes bool) (*mdm.Remote, error) {
	if n.URL == "" {
		return nil, nil
	}
	if pushes && !strings.HasPrefix(n.Topic, "com.apple.mgmt.") {
		return nil, fmt.Errorf("setting up the NanoMDM server: it wakes the iPads, and the topic %q is no push certificate's: give its own with --push-topic, or its certificate with --push-cert", n.Topic)
	}
	server, err := remote.New(n.URL, n.APIKey)
	if err != nil {
		return nil, fmt.Errorf("setting up the NanoMDM server: %w", err)
	}
	return &mdm.Remote{Queue: server, MDMURL: server.URL() + "/mdm", Key: []byte(n.WebhookKey), Pushes: pushes}, nil
}
