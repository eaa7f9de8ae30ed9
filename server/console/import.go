package console

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/problem"
	"github.com/padwarden/padwarden/server/provision"
)

// Importer judges files of people, iPads and wards.
type Importer interface {
	DryRun(ctx context.Context, f provision.File) (provision.Report, error)
}

// Imports writes them, in the background: [provision.Jobs].
type Imports interface {
	Start(ctx context.Context, f provision.File, a provision.Asked, name string) error
	Last(ctx context.Context) (ledger.Import, error)
	Rows(id string) ([]provision.Row, bool)
	Credentials(id, by string) []provision.Credential
	Taken(by string)
}

const (
	// ImportPath takes bodies of up to MaxImport bytes from administrators: the
	// page reads the file and sends its text, for a form's upload could be sent by
	// another site (ASVS 5.0, 3.5.2). JSON writes a text a little longer than it is.
	ImportPath = "/console/import"
	MaxImport  = provision.MaxBytes + provision.MaxBytes/2
)

func (s *Console) registerImport(r fiber.Router) {
	r.Get("/import", s.page(s.showImport))
	r.Post("/import", s.change(s.importFile))
	r.Get("/import/progress", s.page(s.importProgress))
	r.Get("/import/rows", s.page(s.importRows))
	r.Post("/import/taken", s.change(s.importTaken))
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
	progress, err := s.progress(ctx, who)
	if err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, "import.html", map[string]any{"Who": who.Staff, "CSRF": s.Identity.CSRF(who.session), "Wards": wards, "Progress": progress})
}

// importAsked is a file and what is wanted of it: what would be done (Dry), or
// that the rows of Only are done.
type importAsked struct {
	Text string
	Name string // what the file is called
	Ward string // whose readers write badge numbers as the file does; empty: as they are printed
	Dry  bool
	Only []int
}

// importFile answers a [provision.Report] to a dry run. An import goes on in the
// background: the page comes back to see how far it is.
func (s *Console) importFile(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := mayProvision(who); err != nil {
		return err
	}
	if s.Importer == nil || s.Imports == nil {
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
	if a.Dry {
		report, err := s.Importer.DryRun(ctx, file)
		if err != nil {
			return err
		}
		return c.JSON(report)
	}
	if a.Only == nil {
		a.Only = []int{}
	}
	if err := s.Imports.Start(ctx, file, provision.Asked{By: who.Actor(), Only: a.Only}, shownName(a.Name)); err != nil {
		return err
	}
	s.Log.Info("an import was begun at the console", "staff", who.Name, "rows", file.Rows())
	return c.Status(fiber.StatusAccepted).JSON(fiber.Map{})
}

// shownName is a file's name as a page can show it.
func shownName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if r := []rune(name); len(r) > 100 {
		name = string(r[:100]) + "…"
	}
	return name
}

// progress is an import as its part of the page shows it.
type progress struct {
	ledger.Import
	Going       bool
	State       string
	Bad         bool
	Here        bool // this server knows what became of every row
	More        int  // refused rows that are not shown
	Credentials []provision.Credential
}

// progress is that of the import that began last; nil if there was none.
func (s *Console) progress(ctx context.Context, who asker) (*progress, error) {
	if s.Imports == nil {
		return nil, nil
	}
	last, err := s.Imports.Last(ctx)
	if errors.Is(err, custody.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := &progress{Import: last, Going: last.Ended.IsZero() && !last.Stopped, State: importState(last), Bad: last.Stopped || last.Failed != ""}
	_, p.Here = s.Imports.Rows(last.ID)
	p.More = last.Refused - len(last.Lines)
	if !p.Going {
		p.Credentials = s.Imports.Credentials(last.ID, who.Actor())
	}
	return p, nil
}

// importState says in a sentence how an import stands.
func importState(i ledger.Import) string {
	switch {
	case i.Stopped:
		return fmt.Sprintf("It stopped after row %d of %d: its server went away. Import the same file again: what is there is left as it is.", i.Done, i.Total)
	case i.Failed != "":
		return fmt.Sprintf("It stopped after row %d of %d. %s", i.Done, i.Total, i.Failed)
	case i.Ended.IsZero():
		return fmt.Sprintf("Rows done: %d of %d", i.Done, i.Total)
	}
	return fmt.Sprintf("All %d rows are done.", i.Total)
}

// importProgress answers the part of the page that says how far it has come.
func (s *Console) importProgress(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := mayProvision(who); err != nil {
		return err
	}
	p, err := s.progress(ctx, who)
	if err != nil {
		return err
	}
	if p == nil {
		return custody.ErrNotFound
	}
	return s.render(c, fiber.StatusOK, "import-progress", p)
}

// importRows answers what became of every row of the last import, as a CSV file.
func (s *Console) importRows(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := mayProvision(who); err != nil {
		return err
	}
	if s.Imports == nil {
		return custody.ErrNotFound
	}
	last, err := s.Imports.Last(ctx)
	if err != nil {
		return err
	}
	rows, ok := s.Imports.Rows(last.ID)
	if !ok {
		return problem.New(fiber.StatusConflict, "import", "Another server did this import, and knows what became of each row.")
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"row", "what", "name", "result", "says"})
	for _, r := range rows {
		_ = w.Write([]string{strconv.Itoa(r.N), plainCell(r.What), plainCell(r.Name), string(r.Verdict), plainCell(strings.Join(r.Says, "; "))})
	}
	w.Flush()
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="import.csv"`)
	return c.Send(b.Bytes())
}

// importTaken forgets the new readers' secrets: who began the import has them.
func (s *Console) importTaken(_ context.Context, c *fiber.Ctx, who asker) error {
	if err := mayProvision(who); err != nil {
		return err
	}
	var body struct{}
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	if s.Imports != nil {
		s.Imports.Taken(who.Actor())
	}
	return c.JSON(fiber.Map{})
}
