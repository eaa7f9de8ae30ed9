package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// entry is one line of a device's history as the API answers it. Field names
// and order are part of the seal: the hash is that of this JSON.
type entry struct {
	Device  string    `json:"device"`
	Epoch   int64     `json:"epoch"`
	Version int64     `json:"version"`
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"`
	Actor   string    `json:"actor,omitempty"`
	State   string    `json:"state"`
	Run     int64     `json:"run,omitempty"`
	Detail  string    `json:"detail,omitempty"`
	Hash    string    `json:"hash"`
}

// seal is the hex SHA-256 of the entry's JSON with prev in place of its hash.
func (e entry) seal(prev string) (string, error) {
	e.Hash = prev
	b, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("sealing an entry: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// History hands the observer what GET /api/v1/devices/{id}/history answered:
// a JSON list in the order of writing. The last one counts; it is judged (P4)
// by [Observer.Verdict].
func (o *Observer) History(device string, answer []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.of(device).history = bytes.Clone(answer)
}

// judgeHistories is P4, for every device.
func (o *Observer) judgeHistories(now time.Time) {
	for _, id := range slices.Sorted(maps.Keys(o.devices)) {
		w := o.devices[id]
		if w.history == nil {
			if len(w.holders) > 0 {
				o.note("%s: %d sessions were seen, and its history was not read", id, len(w.holders))
			}
			continue
		}
		var entries []entry
		if err := json.Unmarshal(w.history, &entries); err != nil {
			o.checked(AllRecorded)
			o.broken(AllRecorded, id, now, "its history cannot be read: %v", err)
			continue
		}
		o.judgeChain(id, entries, now)
		o.judgePairs(id, entries, now)
		o.judgeSessions(id, w, entries, now)
	}
}

// judgeChain: no entry was altered, left out or put elsewhere.
func (o *Observer) judgeChain(device string, entries []entry, now time.Time) {
	prev := ""
	for i, e := range entries {
		o.checked(AllRecorded)
		hash, err := e.seal(prev)
		if err != nil || hash != e.Hash {
			o.broken(AllRecorded, device, now, "entry %d of its history (%s, epoch %d) does not carry on the chain", i, e.Kind, e.Epoch)
			return // all after it would fail as well
		}
		if e.Device != device {
			o.broken(AllRecorded, device, now, "entry %d of its history is %s's", i, e.Device)
		}
		prev = e.Hash
	}
}

// judgePairs: every lock and every wipe is asked once and ended once, per run.
func (o *Observer) judgePairs(device string, entries []entry, now time.Time) {
	for _, what := range []string{"lock", "wipe"} {
		asked, ended := map[int64]int{}, map[int64]int{}
		for _, e := range entries {
			switch e.Kind {
			case what + ".asked":
				asked[e.Run]++
			case what + ".ended":
				ended[e.Run]++
			}
		}
		for _, run := range slices.Sorted(maps.Keys(asked)) {
			o.checked(AllRecorded)
			if asked[run] != 1 || ended[run] != 1 {
				o.broken(AllRecorded, device, now, "the %s of run %d was asked %d times and ended %d times", what, run, asked[run], ended[run])
			}
		}
		for _, run := range slices.Sorted(maps.Keys(ended)) {
			if asked[run] == 0 {
				o.broken(AllRecorded, device, now, "a %s of run %d ended that nobody asked for", what, run)
			}
		}
	}
}

// judgeSessions: every session that was seen was recorded once.
func (o *Observer) judgeSessions(device string, w *watched, entries []entry, now time.Time) {
	opened := map[int64]int{}
	for _, e := range entries {
		if e.Kind == "session.opened" {
			opened[e.Epoch]++
		}
	}
	for _, epoch := range slices.Sorted(maps.Keys(w.holders)) {
		o.checked(AllRecorded)
		if opened[epoch] != 1 {
			o.broken(AllRecorded, device, now, "%s's session of epoch %d is recorded %d times", w.holders[epoch], epoch, opened[epoch])
		}
	}
}
