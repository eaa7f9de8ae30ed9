// Package dextest starts a real OpenID Connect provider for tests: dex, with
// people who have passwords, and one in a group who has none.
package dextest

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// The people of the provider. Each of its Users signs in with their address and
// Password, on its own page, and has their name as the claim "name". Whoever
// chooses its mock connector is GroupMember, without a password.
const (
	ClientID    = "padwarden"
	Secret      = "the-clients-secret"
	Password    = "correct horse"
	GroupMember = "Kilgore Trout" // in the group "authors", by dex's mock connector
)

// User is somebody with a password.
type User struct{ Name, Email, ID string }

// Start starts dex on a free loopback port until the test ends and returns its
// issuer. The environment variable PADWARDEN_TEST_DEX names its program, which
// scripts/test builds; without it the test is skipped.
func Start(t *testing.T, redirects []string, users ...User) (issuer string) {
	t.Helper()
	program := os.Getenv("PADWARDEN_TEST_DEX")
	if program == "" {
		t.Skip("PADWARDEN_TEST_DEX names no dex, so nobody signs in at a real provider")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	issuer = "http://localhost:" + port + "/dex" // another site than a server of ours on 127.0.0.1, as a hospital's is
	config := filepath.Join(t.TempDir(), "dex.yaml")
	if err := os.WriteFile(config, yaml(t, issuer, address, redirects, users), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, "serve", config)
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.TempDir(), &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	for range 200 {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("dex ended: %v\n%s", err, said.String())
		case <-time.After(50 * time.Millisecond):
		}
		if answer, err := http.Get(issuer + "/.well-known/openid-configuration"); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return issuer
			}
		}
	}
	t.Fatal("dex did not answer within ten seconds")
	return ""
}

func yaml(t *testing.T, issuer, address string, redirects []string, users []User) []byte {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(Password), bcrypt.DefaultCost) // dex takes none that is cheaper
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `issuer: %s
storage: {type: memory}
web: {http: '%s'}
oauth2: {skipApprovalScreen: true}
enablePasswordDB: true
connectors: [{type: mockCallback, id: mock, name: Mock}]
staticClients: [{id: %s, name: padwarden, secret: %s, redirectURIs: ['%s']}]
staticPasswords:
`, issuer, address, ClientID, Secret, strings.Join(redirects, "', '"))
	for _, u := range users {
		fmt.Fprintf(&b, "- {email: '%s', username: '%s', userID: '%s', hash: '%s'}\n", u.Email, u.Name, u.ID, hash)
	}
	return []byte(b.String())
}
