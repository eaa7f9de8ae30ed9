package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
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

// What the command line says of the hospital's provider.
func TestTheHospitalsProvider(t *testing.T) {
	t.Setenv("PADWARDEN_OIDC_CLIENT_SECRET", "s3cret")
	parse := func(args ...string) (oidcFlags, error) {
		var c struct {
			Serve serve `cmd:""`
		}
		k, err := kong.New(&c)
		if err != nil {
			t.Fatal(err)
		}
		_, err = k.Parse(append([]string{"serve"}, args...))
		return c.Serve.oidcFlags, err
	}
	f, err := parse("--oidc-issuer", "https://id.example", "--oidc-client-id", "pads", "--oidc-role", "CN=Leads,OU=x=manager:4B,5A", "--oidc-role", "it=administrator")
	if err != nil {
		t.Fatal(err)
	}
	c, err := f.config()
	if err != nil || c.Secret != "s3cret" || len(c.Roles) != 2 || c.Roles[0] != "CN=Leads,OU=x=manager:4B,5A" || c.GroupsClaim != "groups" || c.AccountClaim != "preferred_username" {
		t.Errorf("%+v, %v", c, err)
	}
	for _, args := range [][]string{{"--oidc-client-id", "pads"}, {"--oidc-role", "it=auditor"}, {"--oidc-issuer", "https://id.example"}} {
		if f, err := parse(args...); err != nil {
			t.Error(err)
		} else if c, err := f.config(); err == nil {
			t.Errorf("%v: %+v", args, c)
		}
	}
	t.Setenv("PADWARDEN_OIDC_ROLE", "a=auditor;b=manager:4B")
	if f, err := parse(); err != nil || len(f.Roles) != 2 {
		t.Errorf("%+v, %v", f, err)
	}
}
