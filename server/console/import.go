package console

import (
	"context"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/problem"
	"github.com/padwarden/padwarden/server/provision"
)

// Importer judges and imports files of people, iPads and wards.
type Importer interface {
	DryRun(ctx context.Context, f provision.File) (provision.Report, error)
	Import(ctx context.Context, f provision.File, a provision.Asked) (provision.Report, error)
}

const (
	// ImportPath takes bodies of up to MaxImport bytes from administrators: the
	// page reads the file and sends its text, for a form's upload could be sent by
	// another site (ASVS 5.0, 3.5.2). JSON writes a text a little longer than it is.
	ImportPath = "/console/import"
	MaxImport  = provision.MaxBytes + provision.MaxBytes/2
	// importFor is how long one answer goes on writing rows; the page asks for
	// the rest.
	importFor = 4 * time.Second
)

func (s *Console) registerImport(r fiber.Router) {
	r.Get("/import", s.page(s.showImport))
	r.Post("/import", s.change(s.importFile))
}

// mayProvision: whole files, and all of people, are an administrator's.
func mayProvision(who asker) error { return allowed(who, identity.Provision, "") }

func (s *Console) showImport(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := mayProvision(who); err != nil {
		return err
	}
	wards, err := s.wards(ctx, who)
	if err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, "import.html", map[string]any{"Who": who.Staff, "CSRF": s.Identity.CSRF(who.session), "Wards": wards})
}

// importAsked is a file and what is wanted of it: what would be done (Dry), or
// that the rows of Only are done, from row From on.
type importAsked struct {
	Text string
	Ward string // whose readers write badge numbers as the file does; empty: as they are printed
	Dry  bool
	Only []int
	From int
}

// importFile answers a [provision.Report].
func (s *Console) importFile(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := mayProvision(who); err != nil {
		return err
	}
	if s.Importer == nil {
		return problem.New(fiber.StatusConflict, "import", "This server imports no files.")
	}
	var a importAsked
	if err := browser.JSON(c, &a, MaxImport); err != nil {
		return err
	}
	file, err := provision.Parse([]byte(a.Text))
	if err != nil {
		return problem.New(fiber.StatusBadRequest, "file", fmt.Sprintf("This file cannot be read: %s.", err))
	}
	if file.Badges, err = s.format(ctx, who, a.Ward); err != nil {
		return err
	}
	var report provision.Report
	if a.Dry {
		report, err = s.Importer.DryRun(ctx, file)
	} else {
		if a.Only == nil {
			a.Only = []int{}
		}
		report, err = s.Importer.Import(ctx, file, provision.Asked{By: who.Actor(), Only: a.Only, From: a.From, Until: s.now().Add(importFor)})
		s.Log.Info("imported at the console", "staff", who.Name, "added", report.Count(provision.Added), "changed", report.Count(provision.Changed), "refused", report.Count(provision.Refused))
	}
	if err != nil {
		return err
	}
	return c.JSON(report)
}
