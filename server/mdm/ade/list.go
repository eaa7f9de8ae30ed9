package ade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/micromdm/nanodep/godep"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/mdm/onetime"
)

// place is where Apple's list stands: pages are fetched until there are no
// more, and from then on what has changed is synced. Both go by the cursor of
// the page before.
type place struct {
	Cursor  string `json:"cursor"`
	Fetched bool   `json:"fetched"`
}

// maxPages bounds one look. A list that is longer goes on at the next.
const maxPages = 500

var errStuck = errors.New("there is more to follow, and the cursor stays")

// list brings the ledger's copy of the list up to date.
func (s *Service) list(ctx context.Context) error {
	text, err := s.Store.ADEState(ctx, "list")
	if err != nil {
		return err
	}
	var at place
	if err := json.Unmarshal([]byte(text), &at); err != nil {
		at = place{} // none yet
	}
	anew := false
	for range maxPages {
		resp, err := s.page(ctx, at)
		switch {
		case godep.IsCursorExhausted(err) && !at.Fetched:
			at.Fetched = true // Apple's way to say that this page was the last
			continue
		case (godep.IsCursorExpired(err) || godep.IsCursorInvalid(err)) && !anew: // unused for a week (Apple)
			s.Logger.Info("Apple's list of devices is read anew", "err", err)
			at, anew = place{}, true
			continue
		case err != nil:
			return err
		case resp.MoreToFollow && resp.Cursor == at.Cursor:
			return errStuck
		}
		first := !at.Fetched && at.Cursor == ""
		more := resp.MoreToFollow || !at.Fetched
		at = place{Cursor: resp.Cursor, Fetched: at.Fetched || !resp.MoreToFollow}
		if err := s.keep(ctx, resp, at, first); err != nil {
			return err
		}
		if !more || resp.Cursor == "" {
			return nil
		}
	}
	return nil
}

func (s *Service) page(ctx context.Context, at place) (*godep.FetchDeviceResponseJson, error) {
	o := []godep.DeviceRequestOption{godep.WithCursor(at.Cursor), godep.WithLimit(s.PageLimit)}
	if at.Fetched {
		return s.api.SyncDevices(ctx, name, o...)
	}
	return s.api.FetchDevices(ctx, name, o...)
}

// keep stores a page. Devices are in the order of what happened to them, so the
// last word on a serial counts.
func (s *Service) keep(ctx context.Context, resp *godep.FetchDeviceResponseJson, at place, first bool) error {
	state, err := json.Marshal(at)
	if err != nil {
		return fmt.Errorf("writing where the list stands: %w", err)
	}
	p := ledger.AssignedPage{First: first, State: string(state)}
	last := map[custody.DeviceID]int{}
	for i, d := range resp.Devices {
		last[custody.DeviceID(d.SerialNumber)] = i
	}
	now := s.Now()
	for i, d := range resp.Devices {
		id := custody.DeviceID(d.SerialNumber)
		switch {
		case last[id] != i:
		case !onetime.ValidDevice(id):
			s.Count("serial")
		case strings.EqualFold(string(deref(d.OpType)), "deleted"):
			p.Removed = append(p.Removed, id)
		default:
			p.Devices = append(p.Devices, ledger.Assigned{
				Serial: id, Model: short(d.Model), Family: short(string(deref(d.DeviceFamily))), Profile: short(deref(d.ProfileUuid)),
				Status: short(string(deref(d.ProfileStatus))), Seen: now,
			})
		}
	}
	slices.SortFunc(p.Devices, func(a, b ledger.Assigned) int { return strings.Compare(string(a.Serial), string(b.Serial)) })
	return s.Store.KeepAssigned(ctx, p)
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// short cuts what Apple says to what is kept of it.
func short(s string) string {
	if len(s) > 128 {
		s = s[:128]
	}
	return strings.ToValidUTF8(s, "")
}
