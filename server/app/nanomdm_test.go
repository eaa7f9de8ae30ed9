package app

import (
	"strings"
	"testing"
)

// Where a NanoMDM server wakes the iPads, they are enrolled for its pushes: with
// another topic nothing would ever wake them.
func TestAnotherServersTopic(t *testing.T) {
	n := NanoMDM{URL: "https://mdm.example.org", APIKey: "k", WebhookKey: "a key of its webhook"}
	for _, topic := range []string{"", "com.example.push"} {
		n.Topic = topic
		if a, err := Open(t.Context(), Config{Data: t.TempDir(), NanoMDM: n}); err == nil || !strings.Contains(err.Error(), "--push-topic") {
			t.Errorf("%q: %v", topic, err)
			if err == nil {
				_ = a.Close()
			}
		}
	}
	n.Topic = "com.apple.mgmt.External.theirs"
	a, err := Open(t.Context(), Config{Data: t.TempDir(), NanoMDM: n})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	if a.Engine.Topic != n.Topic || !a.Engine.Remote.Pushes {
		t.Errorf("topic %q, it pushes: %v", a.Engine.Topic, a.Engine.Remote.Pushes)
	}
}
