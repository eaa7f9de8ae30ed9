package provision

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// Bounds of what is written about people and iPads, in characters.
const (
	maxID      = 100
	maxName    = 200
	maxAccount = 254 // of an address (RFC 5321, 4.5.3.1.3)
)

// text is one cell and what it may hold.
type text struct {
	column, value string
	most          int
	needed        bool
}

// check refuses a row whose cell is too long or holds what cannot be shown in a
// line. A cell that begins like a formula is text like any other.
func (t text) check(j *judged) {
	switch {
	case t.value == "" && t.needed:
		j.refuse("It has no %s.", t.column)
	case utf8.RuneCountInString(t.value) > t.most:
		j.refuse("Its %s is longer than %d characters.", t.column, t.most)
	case strings.ContainsFunc(t.value, unicode.IsControl):
		j.refuse("Its %s has a line break or another control character in it.", t.column)
	}
}

// sentence makes an error of the house a sentence of a report.
func sentence(err error) string {
	s := strings.ReplaceAll(err.Error(), "\n", "; ") // as errors are joined
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(s[size:], ".") + "."
}

// judgePerson adds somebody, or changes what a row says otherwise of them.
func (i *Importer) judgePerson(j *judged, p person, s snapshot) {
	have, there := s.people[p.id]
	for _, t := range []text{{"id", p.id, maxID, true}, {"name", p.name, maxName, !there}, {"account", p.account, maxAccount, false}} {
		t.check(j)
	}
	change := &ledger.PersonChange{ID: p.id, New: !there}
	if !there {
		j.says(Added, "%s", p.name)
	}
	i.judgeName(j, p, have, change)
	if owner := s.accounts[p.account]; p.account != "" && owner != "" && owner != p.id {
		j.refuse("The account %s is that of %s.", p.account, owner)
	}
	i.judgeActive(j, p, have, change)
	i.judgeBadges(j, p, s, change)
	i.judgePIN(j, p, have)
	if j.Verdict == Added || j.Verdict == Changed {
		j.person = change
	} else {
		j.pin = ""
	}
}

func (i *Importer) judgeName(j *judged, p person, have ledger.Clinician, change *ledger.PersonChange) {
	if p.name != "" && p.name != have.Name {
		change.Name = &p.name
		if !change.New {
			j.says(Changed, "the name %s, no longer %s", p.name, have.Name)
		}
	}
	if p.account != "" && p.account != have.Account {
		change.Account = &p.account
		switch have.Account {
		case "":
			j.says(Changed, "the account %s", p.account)
		default:
			j.says(Changed, "the account %s, no longer %s", p.account, have.Account)
		}
	}
}

// answers are the words that a cell may say yes and no with.
var answers = map[string]bool{"yes": true, "true": true, "1": true, "active": true, "no": false, "false": false, "0": false, "inactive": false}

func (i *Importer) judgeActive(j *judged, p person, have ledger.Clinician, change *ledger.PersonChange) {
	if p.active == "" {
		return
	}
	active, ok := answers[strings.ToLower(p.active)]
	switch {
	case !ok:
		j.refuse("Its column active holds neither yes nor no.")
	case change.New && !active:
		change.Active = &active
		j.says(Added, "not active")
	case !change.New && active != have.Active:
		change.Active = &active
		if active {
			j.says(Changed, "may sign in again")
		} else {
			j.says(Changed, "may no longer sign in: open sessions end")
		}
	}
}

func (i *Importer) judgeBadges(j *judged, p person, s snapshot, change *ledger.PersonChange) {
	ends, no := i.end(p.ends)
	if no != "" {
		j.refuse("%s", no)
	}
	for n, raw := range p.badges {
		if raw == "" {
			continue
		}
		hash, err := i.Identity.BadgeAs(s.format, raw)
		if err != nil {
			j.refuse("Badge %d is not a badge number as the readers write it.", n+1)
			continue
		}
		switch has, ok := s.badges[string(hash)]; {
		case !ok:
			change.Badges = append(change.Badges, ledger.Badge{Hash: hash, Expires: ends})
			if ends.IsZero() {
				j.says(Changed, "badge %d", n+1)
			} else {
				j.says(Changed, "badge %d until %s", n+1, ends.In(i.zone()).Format("2006-01-02 15:04"))
			}
		case has.Clinician != p.id:
			j.refuse("Badge %d is that of %s.", n+1, has.Clinician)
		case has.Over(i.Now()):
			j.refuse("Badge %d was revoked or has ended: it is not given again.", n+1)
		}
	}
}

func (i *Importer) zone() *time.Location {
	if i.Zone == nil {
		return time.Local
	}
	return i.Zone
}

// end reads when a badge ends: a day, whose last moment counts, or a time. no
// says why it cannot be.
func (i *Importer) end(cell string) (at time.Time, no string) {
	if cell == "" {
		return time.Time{}, ""
	}
	at, err := time.ParseInLocation("2006-01-02", cell, i.zone())
	if err == nil {
		at = at.AddDate(0, 0, 1)
	} else if at, err = time.ParseInLocation("2006-01-02 15:04", cell, i.zone()); err != nil {
		at, err = time.Parse(time.RFC3339, cell)
	}
	switch {
	case err != nil:
		return at, "Its badge_expires is not a date like 2026-12-31."
	case !at.After(i.Now()):
		return at, "Its badge_expires has passed."
	}
	return at, ""
}

// judgePIN sets a first PIN. One that is there is the clinician's own by now and stays.
func (i *Importer) judgePIN(j *judged, p person, have ledger.Clinician) {
	switch {
	case p.pin == "":
	case have.PIN != "":
		if j.Verdict != Refused {
			j.Says = append(j.Says, "the PIN that is there stays")
		}
	default:
		if err := identity.CheckPIN(p.pin); err != nil {
			j.refuse("Its PIN cannot be used: %s", err)
			return
		}
		j.pin = p.pin
		j.says(Changed, "a first PIN")
	}
}
