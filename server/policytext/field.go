package policytext

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Kind is how a field is written.
type Kind string

const (
	Minutes Kind = "minutes" // a duration
	Number  Kind = "number"
	Text    Kind = "text"
	Lines   Kind = "lines" // one a line
	Choice  Kind = "choice"
	Yes     Kind = "yes" // or no
)

// Field is one thing that a policy says, and how it is written.
type Field struct {
	Name    string // by which JSON and errors call it
	Label   string
	Help    string
	Kind    Kind
	Options []Option // of a Choice
	Most    int      // characters

	get  func(custody.Policy) string
	set  func(*custody.Policy, string) error
	fits func(custody.Policy) bool // nil: every policy
}

// Option is one of a Choice.
type Option struct{ Value, Label string }

// Fits reports whether the field means anything under p's fleet kind.
func (f Field) Fits(p custody.Policy) bool { return f.fits == nil || f.fits(p) }

// Of writes what p says. Where a policy may leave something out, it is what that
// stands for.
func (f Field) Of(p custody.Policy) string {
	p.PINDigits, p.Baseline, p.SecondDevice = p.LeastPIN(), cmp.Or(p.Baseline, custody.BaselineCIS1), cmp.Or(p.SecondDevice, custody.SecondAllow)
	return f.get(p)
}

// Shown is what p says as people read it.
func (f Field) Shown(p custody.Policy) string {
	is := f.Of(p)
	switch f.Kind {
	case Choice:
		for _, o := range f.Options {
			if o.Value == is {
				return o.Label
			}
		}
	case Yes:
		return map[bool]string{true: "yes", false: "no"}[is != ""]
	case Lines:
		is = strings.ReplaceAll(is, "\n", ", ")
	}
	if is == "" {
		return "none"
	}
	return is
}

// Group is fields that belong together.
type Group struct {
	Title  string
	Fields []Field
}

func span(name, label, help string, at func(*custody.Policy) *time.Duration, fits func(custody.Policy) bool) Field {
	return Field{Name: name, Label: label, Help: help, Kind: Minutes, Most: 40, fits: fits,
		get: func(p custody.Policy) string { return Span(*at(&p)) },
		set: func(p *custody.Policy, text string) (err error) {
			d, err := ParseSpan(text)
			if err == nil {
				*at(p) = d
			}
			return err
		}}
}

func choice[T ~string](name, label, help string, at func(*custody.Policy) *T, fits func(custody.Policy) bool, options ...Option) Field {
	return Field{Name: name, Label: label, Help: help, Kind: Choice, Options: options, Most: 40, fits: fits,
		get: func(p custody.Policy) string { return string(*at(&p)) },
		set: func(p *custody.Policy, text string) error {
			for _, o := range options {
				if o.Value == text {
					*at(p) = T(text)
					return nil
				}
			}
			return errors.New("Choose one of these.")
		}}
}

func yes(name, label, help string, at func(*custody.Policy) *bool, fits func(custody.Policy) bool) Field {
	return Field{Name: name, Label: label, Help: help, Kind: Yes, Most: 10, fits: fits,
		get: func(p custody.Policy) string { return map[bool]string{true: "on"}[*at(&p)] },
		set: func(p *custody.Policy, text string) error { *at(p) = text != ""; return nil }}
}

func number(name, label, help string, at func(*custody.Policy) *int, fits func(custody.Policy) bool) Field {
	return Field{Name: name, Label: label, Help: help, Kind: Number, Most: 10, fits: fits,
		get: func(p custody.Policy) string { return strconv.Itoa(*at(&p)) },
		set: func(p *custody.Policy, text string) error {
			n, err := strconv.Atoi(strings.TrimSpace(text))
			if err != nil || n < 0 || n > 1000 {
				return errors.New("Write a whole number.")
			}
			*at(p) = n
			return nil
		}}
}

func text(name, label, help string, most int, at func(*custody.Policy) *string, fits func(custody.Policy) bool) Field {
	return Field{Name: name, Label: label, Help: help, Kind: Text, Most: most, fits: fits,
		get: func(p custody.Policy) string { return *at(&p) },
		set: func(p *custody.Policy, text string) error {
			text = strings.TrimSpace(text)
			if strings.ContainsFunc(text, control) {
				return errors.New("It has characters that cannot be shown. Type it anew.")
			}
			*at(p) = text
			return nil
		}}
}

func control(r rune) bool {
	return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfffd
}

// lines is a list, one a line.
func lines(name, label, help string, fits func(custody.Policy) bool, get func(custody.Policy) []string, set func(*custody.Policy, []string) error) Field {
	return Field{Name: name, Label: label, Help: help, Kind: Lines, Most: 8000, fits: fits,
		get: func(p custody.Policy) string { return strings.Join(get(p), "\n") },
		set: func(p *custody.Policy, text string) error {
			var all []string
			for line := range strings.Lines(text) {
				if line = strings.TrimSpace(line); line != "" {
					all = append(all, line)
				}
			}
			if strings.ContainsFunc(strings.Join(all, ""), control) {
				return errors.New("It has characters that cannot be shown. Type it anew.")
			}
			return set(p, all)
		}}
}

// Read takes up what was written into fields, by their names, over base. What is
// not written stays as it is in base. With another fleet kind or lock target,
// what only one of the two has is as recommended. faults says of each field what is
// wrong with it: with none the policy is valid.
func Read(base custody.Policy, written map[string]string) (p custody.Policy, faults map[string]string) {
	p, faults = base, map[string]string{}
	put := func(f Field) {
		text, ok := written[f.Name]
		if !ok {
			return
		}
		if len(text) > 4*f.Most {
			faults[f.Name] = says("That is too long: %s characters are enough.", strconv.Itoa(f.Most))
		} else if err := f.set(&p, text); err != nil {
			faults[f.Name] = err.Error()
		}
	}
	for _, f := range first {
		put(f)
	}
	if p.Fleet.Shared() {
		p.Target = custody.TargetNone
	} else if p.Target == custody.TargetNone {
		p.Target = custody.TargetKioskApp
	}
	usual := custody.DefaultPolicy(p.Fleet, p.Target)
	turned := p.Fleet != base.Fleet || p.Target != base.Target
	for _, g := range Groups {
		for _, f := range g.Fields {
			switch {
			case isFirst(f), !turned && !f.Fits(p):
			case turned && (!f.Fits(p) || !f.Fits(base) || f.Name == "evidence" || f.Name == "least_grade"):
				f.copy(&p, usual) // it means nothing now, or was not there to be written, or is another choice
			default:
				put(f)
			}
		}
	}
	for field, said := range Faults(p.Validate()) {
		if faults[field] == "" {
			faults[field] = said
		}
	}
	return p, faults
}

// copy sets the field as from has it.
func (f Field) copy(to *custody.Policy, from custody.Policy) {
	_ = f.set(to, f.Of(from)) // what a policy says can be read: see the tests
}

func isFirst(f Field) bool { return f.Name == "fleet" || f.Name == "target" }

// Changes says in a sentence each what is different in to.
func Changes(from, to custody.Policy) (all []string) {
	for _, g := range Groups {
		for _, f := range g.Fields {
			if was, is := f.Shown(from), f.Shown(to); was != is {
				all = append(all, fmt.Sprintf("%s: from %s to %s.", f.Label, was, is))
			}
		}
	}
	return all
}
