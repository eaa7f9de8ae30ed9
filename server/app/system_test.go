package app

import (
	"encoding/json"
	"strings"
	"testing"
)

// The system page tells how the parts stand, and none of their secrets.
func TestTheSystemPageTellsNoSecret(t *testing.T) {
	c := Config{Data: t.TempDir(), NanoMDM: NanoMDM{URL: "https://nano.example", APIKey: "sesame-key", WebhookKey: "sesame-hook-sesame-hook", Topic: "com.apple.mgmt.External.1"}}
	a, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	parts := a.system(t.Context())
	raw, err := json.Marshal(parts)
	if err != nil {
		t.Fatal(err)
	}
	said := string(raw)
	if strings.Contains(said, "sesame") || strings.Contains(said, c.Data) {
		t.Errorf("a secret is told: %s", said)
	}
	for _, want := range []string{"com.apple.mgmt.External.1", "https://nano.example", "SQLite", "inside this process", "queue of its own", "without https"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not told: %s", want, said)
		}
	}
	for _, p := range parts {
		if p.Title == "" || p.Says == "" || p.State == "" || p.State == "bad" && p.Do == "" {
			t.Errorf("%+v says too little", p)
		}
	}
}
