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

// office is a member of staff at the console, by its pages and API alone: signed
// in by a link of one use, with a browser's cookies and the page's own token.
type office struct {
	h    *Hospital
	http *http.Client
	url  string
	csrf string
}

var csrfOnPage = regexp.MustCompile(`data-csrf="([^"]+)"`)

// office signs one in.
func (h *Hospital) office(ctx context.Context, name string, role identity.Role, wards ...string) (*office, error) {
	token, err := h.App.Identity.MintStaffToken(ctx, name, role, wards...)
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	m := &office{h: h, http: &http.Client{Jar: jar, Timeout: patience}, url: h.App.URL}
	page, err := m.ask(ctx, http.MethodPost, "/console/start", "application/x-www-form-urlencoded", []byte(url.Values{"token": {token}}.Encode()))
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

// maxPage bounds what is read of a page, in bytes.
const maxPage = 4 << 20

func (m *office) ask(ctx context.Context, method, path, kind string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, m.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("X-CSRF-Token", m.csrf)
	answer, err := m.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxPage))
	if err == nil && answer.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s: %s: %.300s", method, path, answer.Status, said)
	}
	return said, err
}

func (m *office) page(ctx context.Context, path string) (string, error) {
	b, err := m.ask(ctx, http.MethodGet, path, "", nil)
	return string(b), err
}

// wipes has an iPad wiped. Where one person alone may not, a second member of
// staff looks at it and approves.
func (m *office) wipes(ctx context.Context, serial string) error {
	err := m.does(ctx, "wipe", serial, nil, nil)
	if err == nil || !strings.Contains(err.Error(), `"code":"second_person"`) {
		return err
	}
	second, err := m.h.office(ctx, "Deputy", identity.Administrator)
	if err != nil {
		return err
	}
	now, err := m.h.device(ctx, serial)
	if err != nil {
		return err
	}
	return second.does(ctx, "approve", serial, map[string]any{"epoch": now.Custody.Epoch}, nil)
}

// does what the console offers for an iPad, with what is written in its
// question, and reads the answer into, if it is not nil.
func (m *office) does(ctx context.Context, deed, serial string, fields map[string]any, into any) error {
	if fields == nil {
		fields = map[string]any{}
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	said, err := m.ask(ctx, http.MethodPost, "/console/devices/"+serial+"/"+deed, "application/json", body)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", deed, serial, err)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(said, into)
}
