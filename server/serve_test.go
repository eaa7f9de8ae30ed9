package main

import (
	"strings"
	"testing"
)

func TestWhereIPadsConnect(t *testing.T) {
	keys := func(name string) string { return strings.ToLower(name) }
	for flag, want := range map[string]string{"": "", "embedded": "", "nanomdm=https://mdm.example.org": "https://mdm.example.org"} {
		n, err := nanomdm(flag, keys)
		if err != nil || n.URL != want || want != "" && (n.APIKey != "padwarden_nanomdm_api_key" || n.WebhookKey != "padwarden_nanomdm_webhook_key") {
			t.Errorf("%q: %+v %v", flag, n, err)
		}
	}
	for _, flag := range []string{"nanomdm", "nanomdm=", "https://mdm.example.org", "jamf=https://x"} {
		if _, err := nanomdm(flag, keys); err == nil {
			t.Errorf("%q was taken", flag)
		}
	}
	if _, err := nanomdm("nanomdm=https://mdm.example.org", func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), "PADWARDEN_NANOMDM_API_KEY") {
		t.Errorf("without keys: %v", err)
	}
}
