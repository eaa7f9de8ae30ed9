package kiosk

import (
	"fmt"
	"slices"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// bays puts clean iPads in bays beside ours, which is Bay 3 then.
func (h *house) bays(numbers ...int) {
	h.called[ipad], h.called[spare] = "Bay 3", "Bay 9"
	for _, n := range numbers {
		id := custody.DeviceID(fmt.Sprintf("B%02d", n))
		h.called[id] = fmt.Sprintf("Bay %d", n)
		h.publish(custody.Custody{Device: id, Ward: "4B", State: custody.Clean, Enrolment: "cert", Version: 1})
	}
}

// Whoever finds an iPad that cannot be had is sent to the nearest that can, and
// never to one that cannot.
func TestTheNearestOnesAreNamed(t *testing.T) {
	h := newHouse(t)
	h.bays(1, 2, 4, 5, 10, 11)
	h.set("B02", func(c *custody.Custody) { c.State = custody.Unproven })
	h.set("B04", func(c *custody.Custody) {
		c.Reserved = custody.Reservation{For: "ben", Until: h.now.Add(h.policy.Reserve)}
	})
	h.set("B01", func(c *custody.Custody) { c.Ward = "5A" })
	h.set(ipad, func(c *custody.Custody) { c.State = custody.Unproven })
	if got := h.state().Others; !slices.Equal(got, []string{"Bay 5", "Bay 9", "Bay 10"}) {
		t.Errorf("instead of Bay 3: %q", got)
	}
	h.set("B05", func(c *custody.Custody) { c.State = custody.InUse })
	h.mu.Lock()
	row := h.rows[spare]
	row.State = custody.Wiping // custody knows, and live does not yet
	h.rows[spare] = row
	h.mu.Unlock()
	if got := h.state().Others; !slices.Equal(got, []string{"Bay 10", "Bay 11"}) {
		t.Errorf("then: %q", got)
	}
}

func TestByDistance(t *testing.T) {
	var all []ledger.Device
	for _, n := range []int{10, 2, 1, 11, 3, 9} {
		all = append(all, ledger.Device{ID: custody.DeviceID(fmt.Sprint(n)), Name: fmt.Sprintf("Bay %d", n)})
	}
	for near, want := range map[string]string{"3": "3 9 2 10 1 11 ", "1": "1 2 3 9 10 11 ", "11": "11 10 9 3 2 1 ", "none": "1 2 3 9 10 11 "} {
		got := ""
		for _, d := range byDistance(slices.Clone(all), custody.DeviceID(near)) {
			got += string(d.ID) + " "
		}
		if got != want {
			t.Errorf("from %s: %s, want %s", near, got, want)
		}
	}
	if got := byDistance(nil, "1"); len(got) != 0 {
		t.Errorf("of none: %v", got)
	}
}

// A mark is made of letters, whatever else is in a name.
func TestMarks(t *testing.T) {
	for name, want := range map[string]string{"Charting": "C", "Lab results": "LR", "lab results of today": "LR", "<b>x</b>": "BX", "24/7 rota": "27", "مخطط الجناح": "ما", "!!": "·", "ärzte-liste": "ÄL"} {
		if got := mark(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
