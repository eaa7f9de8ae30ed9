package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/ledger"
)

// judged is one row's verdict, and how it is carried out.
type judged struct {
	Row
	ward   *ledger.Ward
	device *deviceChange
	person *ledger.PersonChange
	pin    string // a first one
}

// refuse says why nothing is done with a row; it may be called again.
func (j *judged) refuse(format string, a ...any) {
	if j.Verdict != Refused {
		j.Verdict, j.Says = Refused, nil
	}
	j.Says = append(j.Says, fmt.Sprintf(format, a...))
}

// says notes what is done with a row that is not refused.
func (j *judged) says(v Verdict, format string, a ...any) {
	if j.Verdict == Refused {
		return
	}
	if j.Verdict != Added {
		j.Verdict = v
	}
	j.Says = append(j.Says, fmt.Sprintf(format, a...))
}

// judge says of every row what is to be done with it, by the ledger as it
// stands and by the other rows. It writes nothing.
func (i *Importer) judge(ctx context.Context, f File) ([]judged, error) {
	s, err := i.look(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("reading what is there: %w", err)
	}
	all := make([]judged, len(f.wishes))
	same := newTwins()
	for n, w := range f.wishes {
		all[n].Row = Row{N: w.n, Verdict: Unchanged}
		i.name(&all[n], w)
		if w.bad != "" {
			all[n].refuse("%s", w.bad)
		}
		i.mark(same, n, w, f.Badges)
	}
	same.refuse(all) // before the rows are judged: a ward that is there twice takes no iPads
	for n, w := range f.wishes {
		switch j := &all[n]; {
		case w.ward != nil:
			i.judgeWard(j, *w.ward, &s)
		case w.ipad != nil:
			i.judgeIPad(j, *w.ipad, s)
		default:
			i.judgePerson(j, *w.person, s)
		}
	}
	return all, nil
}

// name says what a row is about.
func (i *Importer) name(j *judged, w wish) {
	switch {
	case w.ward != nil:
		j.What, j.Name = "ward "+shown(w.ward.ID), shown(w.ward.Name)
	case w.ipad != nil:
		j.What, j.Name = "iPad "+shown(w.ipad.serial), shown(w.ipad.name)
	default:
		j.What, j.Name = "clinician "+shown(w.person.id), shown(w.person.name)
	}
}

// shown is what was written, cut to what a report can show: a terminal obeys
// control characters.
func shown(s string) string {
	const most = 100
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '\ufffd'
		}
		return r
	}, s)
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// twins finds what two rows of a file both claim.
type twins struct {
	rows  map[string][]int // by what is claimed, the rows
	words map[string]string
	order []string
}

func newTwins() *twins { return &twins{rows: map[string][]int{}, words: map[string]string{}} }

// claim notes that row n wants kind's key for itself; word names it in a sentence.
func (t *twins) claim(n int, kind, key, word string) {
	if key == "" {
		return
	}
	key = kind + "\x00" + key
	if len(t.rows[key]) == 0 {
		t.order = append(t.order, key)
		t.words[key] = word
	}
	t.rows[key] = append(t.rows[key], n)
}

// refuse refuses every row that claims what another does: nobody knows which of
// them is right. Each names the other, or the first two others.
func (t *twins) refuse(all []judged) {
	for _, key := range t.order {
		rows := t.rows[key]
		if len(rows) < 2 {
			continue
		}
		for at, n := range rows {
			if slices.Contains(rows[:at], n) {
				continue // said already
			}
			if slices.Contains(rows[at+1:], n) {
				all[n].refuse("%s is there twice in this row.", t.words[key])
			}
			others := slices.DeleteFunc(slices.Clone(rows), func(m int) bool { return m == n })
			if len(others) > 0 {
				all[n].refuse("%s is in row %d too.", t.words[key], all[others[0]].N)
			}
		}
	}
}

// mark notes what a row claims for itself.
func (i *Importer) mark(t *twins, n int, w wish, format badge.Format) {
	switch {
	case w.ward != nil:
		t.claim(n, "ward", w.ward.ID, "This id")
	case w.ipad != nil:
		t.claim(n, "ipad", w.ipad.serial, "This serial number")
		t.claim(n, "reader", w.ipad.reader, "This reader")
	default:
		t.claim(n, "person", w.person.id, "This id")
		t.claim(n, "account", w.person.account, "This account")
		for b, raw := range w.person.badges {
			if hash, err := i.Identity.BadgeAs(format, raw); raw != "" && err == nil {
				t.claim(n, "badge", string(hash), fmt.Sprintf("Badge %d", b+1))
			}
		}
	}
}
