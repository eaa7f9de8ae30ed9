package console

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/problem"
	"github.com/padwarden/padwarden/server/trial"
)

// Trials begins, signs and keeps the tables of trials on the hospital's own iPads.
type Trials interface {
	Begin(ctx context.Context, id custody.DeviceID) (trial.Signed, error)
	File(ctx context.Context, c trial.Claim, by string) (trial.Signed, error)
	Tables(ctx context.Context) ([]trial.Filed, error)
	Plans(p custody.Policy) []trial.Plan
	Public() ed25519.PublicKey
}

// maxClaim bounds a trial that is filed: its steps come along.
const maxClaim = 128 << 10

func (s *Console) registerTrials(r fiber.Router, handlers ...fiber.Handler) {
	if s.Trials == nil {
		return
	}
	api := r.Group("/api/v1", handlers...)
	api.Get("/trials", s.api(s.listTrials))
	api.Post("/trials", s.api(s.fileTrial))
	api.Get("/trials/key", s.api(s.trialKey))
	api.Get("/devices/:id/trial", s.api(s.beginTrial))
}

// beginTrial answers, signed, what a trial of the device would be of.
func (s *Console) beginTrial(ctx context.Context, c *fiber.Ctx, who asker) error {
	row, err := s.Ledger.Custody(ctx, deviceID(c))
	if err != nil {
		return err
	}
	if err := allowed(who, identity.Try, row.Ward); err != nil {
		return err
	}
	signed, err := s.Trials.Begin(ctx, row.Device)
	if err != nil {
		return err
	}
	return c.JSON(signed)
}

// fileTrial signs a trial that was walked. It takes a bearer token and no
// cookie, which another site's page could make a browser send.
func (s *Console) fileTrial(ctx context.Context, c *fiber.Ctx, who asker) error {
	if who.session != "" {
		return problem.New(fiber.StatusForbidden, "token", "A trial is filed by padwarden trial, with an API token.")
	}
	if err := allowed(who, identity.Try, ""); err != nil { // whose ward it is does not matter to administrators, and nobody else may
		return err
	}
	var claim trial.Claim
	if err := browser.JSON(c, &claim, maxClaim); err != nil {
		return err
	}
	signed, err := s.Trials.File(ctx, claim, who.Name)
	if err != nil {
		return err
	}
	s.Log.Info("a trial was filed", "staff", who.Name)
	return c.JSON(signed)
}

// trialKey answers the key that tables are signed with.
func (s *Console) trialKey(_ context.Context, c *fiber.Ctx, _ asker) error {
	return c.JSON(fiber.Map{"algorithm": "Ed25519", "key": base64.StdEncoding.EncodeToString(s.Trials.Public())})
}

// standingJSON is a plan of a ward in the API, and whether it was tried on hardware.
type standingJSON struct {
	Goal      custody.Goal  `json:"goal"`
	Digest    string        `json:"digest"`
	Outcome   trial.Outcome `json:"outcome"`
	Model     string        `json:"model,omitempty"`
	OSVersion string        `json:"os_version,omitempty"`
	Filed     string        `json:"filed,omitempty"` // a date
	Simulated bool          `json:"only_simulated,omitempty"`
}

// listTrials answers {"wards": […], "trials": […]}: how the plans of each ward
// stand that the asker may see, and the signed tables of those wards.
func (s *Console) listTrials(ctx context.Context, c *fiber.Ctx, who asker) error {
	ward, err := askedWard(c, who)
	if err != nil {
		return err
	}
	wards, err := s.wards(ctx, who)
	if err != nil {
		return err
	}
	filed, err := s.Trials.Tables(ctx)
	if err != nil {
		return err
	}
	list, tables := []fiber.Map{}, []trial.Signed{}
	for _, w := range wards {
		if ward != "" && w.ID != ward {
			continue
		}
		plans := []standingJSON{}
		for _, st := range trial.Stand(s.Trials.Plans(w.Policy), filed, "") {
			j := standingJSON{Goal: st.Goal, Digest: st.Digest, Outcome: st.Outcome, Simulated: st.OnlySimulated}
			if t := st.Table; t != nil {
				j.Model, j.OSVersion, j.Filed = t.Model, t.OSVersion, t.Filed.Format("2006-01-02")
			}
			plans = append(plans, j)
		}
		list = append(list, fiber.Map{"ward": w.ID, "plans": plans})
	}
	for _, f := range filed {
		if (ward == "" || f.Table.Ward == ward) && allowed(who, identity.View, f.Table.Ward) == nil {
			tables = append(tables, f.Signed)
		}
	}
	return c.JSON(fiber.Map{"wards": list, "trials": tables})
}
