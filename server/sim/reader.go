package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Reader is a networked badge reader on a dock or a wall.
type Reader struct {
	BaseURL    string // of the server, without a trailing slash
	ID         string
	Credential string            // bearer
	HTTP       http.RoundTripper // nil: the default
}

// ReaderAnswer is what a reader's tap is answered: which iPad to take, and what it asks.
type ReaderAnswer struct {
	Device   string `json:"device"`
	Name     string `json:"name"`
	Asks     string `json:"asks"`
	Sentence string `json:"sentence"`
}

// Tap presents a badge. A refusal is a [*Problem].
func (r Reader) Tap(ctx context.Context, badge string) (ReaderAnswer, error) {
	var a ReaderAnswer
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	raw, err := json.Marshal(map[string]string{"badge": badge})
	if err != nil {
		return a, fmt.Errorf("tapping a badge: %w", err)
	}
	at := r.BaseURL + "/api/v1/readers/" + url.PathEscape(r.ID) + "/tap"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at, bytes.NewReader(raw))
	if err != nil {
		return a, fmt.Errorf("tapping a badge: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+r.Credential)
	return a, postJSON(&http.Client{Transport: r.HTTP}, req, &a)
}
