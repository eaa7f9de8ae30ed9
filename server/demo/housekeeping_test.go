package demo

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/identity"
)

// toldOf is what the API says that an iPad said.
type toldOf struct {
	Facts map[string]struct {
		Value      any
		ObservedAt time.Time `json:"observed_at"`
	}
	Ping struct {
		Outcome string
		Says    string
		TookMs  int64 `json:"took_ms"`
	}
}

// TestAnIPadIsPingedAndTellsOfItself over the real protocols: a person's ping
// is answered after a push, and what the schedule asks is known soon after.
func TestAnIPadIsPingedAndTellsOfItself(t *testing.T) {
	h := hospital(t, nil)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	a := h.at(0, "4E-01")
	if _, err := a.becomes(ctx, "clean"); err != nil {
		t.Fatal(err)
	}
	token, err := h.App.Identity.MintAPIToken(ctx, "robot", identity.Administrator, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	about := "/api/v1/devices/" + a.d.Serial()
	until := func(what string, want func(toldOf) bool) (told toldOf) {
		t.Helper()
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			body, err := h.get(ctx, about+"/facts", token)
			if err == nil {
				told = toldOf{}
				err = json.Unmarshal(body, &told)
			}
			if err != nil {
				t.Fatal(err)
			}
			if want(told) {
				return told
			}
		}
		t.Fatalf("no %s: %+v", what, told)
		return told
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.App.URL+about+"/ping", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
	answer.Body.Close()
	if err != nil || answer.StatusCode != http.StatusAccepted {
		t.Fatalf("%d %s, %v", answer.StatusCode, body, err)
	}
	told := until("answer", func(s toldOf) bool { return s.Ping.Outcome == "Acknowledged" })
	if !strings.HasPrefix(told.Ping.Says, "Answered in ") || told.Facts["battery"].Value == nil {
		t.Errorf("%+v", told)
	}
	t.Log(told.Ping.Says)

	if err := h.App.Errands.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	told = until("inventory", func(s toldOf) bool {
		return s.Facts["model"].Value != nil && s.Facts["passcode"].Value != nil && s.Facts["profiles"].Value != nil && s.Facts["apps"].Value != nil
	})
	profiles, err := json.Marshal(told.Facts["profiles"].Value)
	if err != nil || !strings.Contains(string(profiles), "com.padwarden.kiosk") || told.Facts["supervised"].Value != true {
		t.Errorf("%+v", told)
	}
}
