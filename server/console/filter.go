package console

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/problem"
)

// filter is what a reader wants to see of the pool. It is all in the page's
// address, so that it can be sent to somebody and the back button works.
type filter struct {
	Ward string // "": all of the reader's
	Show string // a state or a flag; "": any
	Q    string // words that are all in its name, serial, ward, holder or helper
	View string // "cards" or "table"

	words []string // of Q, folded
}

// The flags that can be asked for beside the states.
const (
	showHands       = "hands"       // needs hands
	showMine        = "mine"        // needs hands, and the reader has it
	showUnconfirmed = "unconfirmed" // locked, and nothing confirms it
	showSlow        = "slow"        // its wipe takes longer than usual
	showUnreachable = "unreachable" // does not come when it is asked to
	showIsolation   = "isolation"   // whatever its state
)

var showFlags = []string{showHands, showMine, showUnconfirmed, showSlow, showUnreachable, showIsolation}

// showWords are those that are not called like a state.
var showWords = map[string]string{
	string(custody.Clean): "Usable now", showHands: "Needs hands", showMine: "Needs hands, and I have it", showUnconfirmed: "Lock unconfirmed",
	showSlow: "Slow to be wiped", showUnreachable: "Unreachable", showIsolation: "In isolation",
}

// showName is what one that can be asked for is called.
func showName(show string) string { return cmp.Or(showWords[show], stateWord(custody.State(show))) }

// shows are all that can be asked for, in the order of the list. What is in
// isolation is asked for as such, whatever else it is.
func shows() (all []string) {
	all = append(all, showFlags...)
	for _, s := range summary {
		if s != custody.Isolated {
			all = append(all, string(s))
		}
	}
	return all
}

const (
	viewCards = "cards"
	viewTable = "table"
	maxQuery  = 100 // characters
)

// askedFilter is the filter of a request. A ward that is not the asker's is
// refused; what else it does not know it leaves out.
func askedFilter(c *fiber.Ctx, who asker) (f filter, err error) {
	if f.Ward, err = askedWard(c, who); err != nil {
		return f, err
	}
	f.Show, f.View, f.Q = strings.Clone(c.Query("show")), strings.Clone(c.Query("view")), strings.TrimSpace(strings.Clone(c.Query("q")))
	if utf8.RuneCountInString(f.Q) > maxQuery {
		return f, problem.New(fiber.StatusBadRequest, problem.CodeBadRequest, "That is too long to search for. Take fewer words.")
	}
	if !slices.Contains(summary, custody.State(f.Show)) && !slices.Contains(showFlags, f.Show) {
		f.Show = ""
	}
	if f.View != viewTable {
		f.View = viewCards
	}
	f.words = strings.Fields(fold(f.Q))
	return f, nil
}

// fold lets letters be found in either case.
func fold(s string) string { return strings.ToLower(s) }

// index makes what is searched in.
func (e *shown) index() {
	r := e.row
	e.search = fold(strings.Join([]string{r.Name, string(r.ID), r.Ward, r.WardName, r.Holder, r.Hands.Name()}, "\n"))
}

// match reports whether a device is to be shown; the ward's rights are asked elsewhere.
func (f filter) match(e *shown, me string) bool {
	r := &e.row
	if f.Ward != "" && r.Ward != f.Ward {
		return false
	}
	for _, w := range f.words {
		if !strings.Contains(e.search, w) {
			return false
		}
	}
	switch f.Show {
	case "":
		return true
	case showHands:
		return r.NeedsHands
	case showMine:
		return r.NeedsHands && r.Hands.Who == me
	case showUnconfirmed:
		return r.Lock != nil && r.Lock.Word != custody.LockHolds
	case showSlow:
		return r.Slow != nil
	case showUnreachable:
		return r.Unreachable != nil
	case showIsolation:
		return r.Isolation.On()
	}
	return string(r.State) == f.Show
}

// With is the address of the pool with one thing changed, for links.
func (f filter) With(name, value string) string { return address("/console", f.values(name, value)) }

// Events is the address of the stream that keeps a page under the filter.
func (f filter) Events() string { return address("/console/events", f.values("", "")) }

// On reports whether anything is left out but by ward.
func (f filter) On() bool { return f.Show != "" || f.Q != "" }

func (f filter) values(name, value string) url.Values {
	v := url.Values{}
	for key, now := range map[string]string{"ward": f.Ward, "show": f.Show, "q": f.Q, "view": strings.TrimPrefix(f.View, viewCards)} {
		if key == name {
			now = value
			if key == "view" {
				now = strings.TrimPrefix(now, viewCards)
			}
		}
		if now != "" {
			v.Set(key, now)
		}
	}
	return v
}

func address(path string, v url.Values) string {
	return path + cmp.Or(strings.TrimSuffix("?"+v.Encode(), "?"), "")
}
