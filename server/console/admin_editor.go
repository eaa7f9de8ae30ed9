package console

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/policytext"
	"github.com/padwarden/padwarden/server/provision"
)

// maxPolicy bounds, in bytes, what is written into a policy's fields.
const maxPolicy = 32 << 10

// editField is a field of the editor.
type editField struct {
	policytext.Field
	Value, Fault, Warning string
}

type editGroup struct {
	Title  string
	Fields []editField
}

// editor is the editor of a ward, and what it says at this moment.
type editor struct {
	adminPage
	New      bool
	ID, Name string
	Version  int64
	InUse    int // of its iPads
	Was      string
	Groups   []editGroup
	Faults   map[string]string
	Trouble  string
	Log      []ledger.WardDeed // what others did meanwhile
	Again    bool              // the fields are others than those that were shown
	Parts    []policytext.Part
	Unseen   []string
	Warnings []policytext.Warning
}

// kind is what decides which fields there are.
func kind(p custody.Policy) string {
	return string(p.Fleet) + " " + string(p.Target) + " " + string(p.Evidence)
}

// fill puts a policy into the editor: written is what was typed, which is kept
// as it is where it cannot be read.
func (e *editor) fill(p custody.Policy, written, faults map[string]string) {
	e.Was, e.Faults = kind(p), faults
	e.Warnings = policytext.Warnings(p)
	warnings := map[string]string{}
	for _, w := range e.Warnings {
		warnings[w.Field] = w.Sentence
	}
	e.Groups = nil
	for _, g := range policytext.Groups {
		group := editGroup{Title: g.Title}
		for _, f := range g.Fields {
			if !f.Fits(p) {
				continue
			}
			field := editField{Field: f, Value: f.Of(p), Fault: faults[f.Name], Warning: warnings[f.Name]}
			if typed, ok := written[f.Name]; ok && field.Fault != "" {
				field.Value = typed
			}
			group.Fields = append(group.Fields, field)
		}
		if len(group.Fields) > 0 {
			e.Groups = append(e.Groups, group)
		}
	}
	e.Parts, e.Unseen = policytext.Say(p), policytext.Unseen(p)
}

func (s *Console) newWard(_ context.Context, c *fiber.Ctx, who asker) error {
	if err := allowed(who, identity.Policies, ""); err != nil {
		return err
	}
	e := editor{adminPage: s.adminPage(who, identity.Policies), New: true}
	e.fill(custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp), nil, nil)
	return s.render(c, fiber.StatusOK, "admin-edit.html", e)
}

func (s *Console) editWard(ctx context.Context, c *fiber.Ctx, who asker) error {
	w, err := s.ward(ctx, c, who, identity.Policies)
	if err != nil {
		return err
	}
	e := editor{adminPage: s.adminPage(who, identity.Policies), ID: w.ID, Name: w.Name, Version: w.Version, InUse: s.inUse(ctx, w.ID)}
	e.fill(w.Policy, nil, nil)
	return s.render(c, fiber.StatusOK, "admin-edit.html", e)
}

// inUse is how many of a ward's iPads are in use; 0 too where it cannot be told.
func (s *Console) inUse(ctx context.Context, ward string) int {
	_, n, err := s.Administration.Kept.FindDevices(ctx, ledger.DeviceSearch{Wards: []string{ward}, State: custody.InUse, Limit: 1})
	if err != nil {
		return 0
	}
	return int(n)
}

// writtenPolicy reads what the editor sends: its fields by name, over the ward as
// it is or, for a new one, over what is recommended.
func (s *Console) writtenPolicy(ctx context.Context, c *fiber.Ctx, who asker, id string) (e editor, p custody.Policy, err error) {
	if err := allowed(who, identity.Policies, ""); err != nil {
		return e, p, err
	}
	var body map[string]any
	if err := browser.JSON(c, &body, maxPolicy); err != nil {
		return e, p, err
	}
	written := map[string]string{}
	for name, value := range body {
		if text, ok := value.(string); ok {
			written[name] = text
		}
	}
	if id == "" {
		id = written["of"]
	}
	base := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	e = editor{adminPage: s.adminPage(who, identity.Policies), New: id == "", ID: id, Name: strings.TrimSpace(written[provision.WardName])}
	if e.New {
		e.ID = strings.TrimSpace(written[provision.WardID])
		base = firstPolicy(base, written["was"])
	} else {
		w, err := s.Administration.Kept.Ward(ctx, id)
		if err != nil {
			return e, p, err
		}
		base = w.Policy
		if written["was"] != kind(base) {
			base = firstPolicy(base, written["was"])
		}
		e.InUse = s.inUse(ctx, id)
	}
	e.Version, _ = strconv.ParseInt(written["version"], 10, 64)
	for _, g := range policytext.Groups {
		for _, f := range g.Fields {
			if _, there := written[f.Name]; f.Kind == policytext.Yes && !there {
				written[f.Name] = "" // a box that is not ticked is not sent
			}
		}
	}
	p, faults := policytext.Read(base, written)
	maps.Copy(faults, provision.CheckWard(e.ID, e.Name))
	e.Again = written["was"] != kind(p)
	e.fill(p, written, faults)
	return e, p, nil
}

// firstPolicy is what the fields that were shown belong to: the recommended
// policy of their fleet kind and lock target, if they are not base's.
func firstPolicy(base custody.Policy, was string) custody.Policy {
	words := strings.Split(was, " ")
	if len(words) != 3 || words[0] == string(base.Fleet) && words[1] == string(base.Target) {
		return base
	}
	p := custody.DefaultPolicy(custody.FleetKind(words[0]), custody.LockTarget(words[1]))
	p.Evidence = custody.Evidence(words[2])
	return p
}

// previewWard answers what the fields say now, in plain words, and what is wrong
// with them; and the fields anew where another kind of fleet has others.
func (s *Console) previewWard(ctx context.Context, c *fiber.Ctx, who asker) error {
	e, _, err := s.writtenPolicy(ctx, c, who, "")
	if err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, "policy-news", e)
}

// saveWard makes a ward or changes one. What cannot be is answered with the
// editor as it was typed, and says why.
func (s *Console) saveWard(ctx context.Context, c *fiber.Ctx, who asker) error {
	if wardID(c) != "" {
		if _, err := s.ward(ctx, c, who, identity.Policies); err != nil {
			return err
		}
	}
	e, p, err := s.writtenPolicy(ctx, c, who, wardID(c))
	if err != nil {
		return err
	}
	if len(e.Faults) > 0 {
		e.Trouble = "Nothing was saved yet: some of what is written cannot be. It says so beside it."
		return s.render(c, fiber.StatusOK, "policy-editor", e)
	}
	d := provision.Deed{By: who.Actor()}
	if e.New {
		err = s.Administration.Estate.AddWard(ctx, ledger.Ward{ID: e.ID, Name: e.Name, Policy: p}, d)
	} else {
		err = s.Administration.Estate.ChangeWard(ctx, e.ID, e.Version, e.Name, p, d)
	}
	var refusal *custody.Refusal
	switch {
	case errors.As(err, &refusal):
		e.Trouble = refusal.Sentence
		if refusal.Code == provision.RefusedOld {
			e.Log, _ = s.Administration.Kept.WardLog(ctx, e.ID, 3)
		}
		return s.render(c, fiber.StatusOK, "policy-editor", e)
	case err != nil:
		return err
	}
	s.Log.Info("a ward was saved", "ward", e.ID, "new", e.New, "staff", who.Name)
	c.Set("HX-Redirect", "/console/admin/wards/"+url.PathEscape(e.ID)+"?saved=yes")
	return c.SendStatus(fiber.StatusNoContent)
}
