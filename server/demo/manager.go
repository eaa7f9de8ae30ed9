package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"

	"github.com/padwarden/padwarden/server/identity"
)

// manager is a ward's manager at the console: signed in by a link of one use,
// with a browser's cookies and the page's own token.
type manager struct {
	h    *Hospital
	http *http.Client
	csrf string
}

var csrfOnPage = regexp.MustCompile(`data-csrf="([^"]+)"`)

// manager signs one in.
func (h *Hospital) manager(ctx context.Context, name string, wards ...string) (*manager, error) {
	token, err := h.App.Identity.MintStaffToken(ctx, name, identity.Manager, wards...)
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	m := &manager{h: h, http: &http.Client{Jar: jar, Timeout: patience}}
	page, err := m.post(ctx, "/console/start", "application/x-www-form-urlencoded", []byte(url.Values{"token": {token}}.Encode()))
	if err != nil {
		return nil, fmt.Errorf("signing in at the console: %w", err)
	}
	found := csrfOnPage.FindSubmatch(page)
	if found == nil {
		return nil, errors.New("signing in at the console: its page has no token")
	}
	m.csrf = string(found[1])
	return m, nil
}

// does what the console offers for an iPad.
func (m *manager) does(ctx context.Context, deed, serial string, fields map[string]any) error {
	body, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	if _, err := m.post(ctx, "/console/devices/"+serial+"/"+deed, "application/json", body); err != nil {
		return fmt.Errorf("%s of %s: %w", deed, serial, err)
	}
	return nil
}

// isTold does what the console answers with something that is told once.
func (m *manager) isTold(ctx context.Context, deed, serial string) (string, error) {
	said, err := m.post(ctx, "/console/devices/"+serial+"/"+deed, "application/json", []byte("{}"))
	if err != nil {
		return "", fmt.Errorf("%s of %s: %w", deed, serial, err)
	}
	var told struct{ Code string }
	if err := json.Unmarshal(said, &told); err != nil || told.Code == "" {
		return "", fmt.Errorf("%s of %s told nothing", deed, serial)
	}
	return told.Code, nil
}

func (m *manager) post(ctx context.Context, path, kind string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.h.App.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Origin", strings.TrimSuffix(m.h.App.URL, "/"))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("X-CSRF-Token", m.csrf)
	answer, err := m.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", answer.Status, said)
	}
	return said, nil
}
