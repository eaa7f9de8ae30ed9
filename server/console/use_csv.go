package console

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/problem"
	"github.com/padwarden/padwarden/server/use"
)

const (
	// maxExports is how many files are written at once, and exportIn how long one
	// may take.
	maxExports = 4
	exportIn   = 5 * time.Minute
	// exportSteps is how many hours are read at a time.
	exportSteps = 28 * 24
	// flushIn is how long a reader may take no bytes.
	flushIn = 30 * time.Second
)

var useColumns = []string{"ward", "ward_name", "from", "to", "badge_ins", "resumes", "in_use_most", "idle_locks", "emergencies", "unproven", "unproven_causes",
	"wipes_proven", "wipes_not_proven", "wipe_p50_s", "wipe_p90_s", "wipe_p95_s", "usable_p50_s", "usable_p90_s"}

// exportUse answers the counts of a ward, or of each that the asker may see, hour
// by hour, as a file (RFC 4180, UTF-8, times as RFC 3339). There are counts in it
// and no person. It is written as it is read, so that a year of a large ward
// needs no memory; what goes wrong on the way is its last line.
func (s *Console) exportUse(ctx context.Context, c *fiber.Ctx, who asker) error {
	ward, about, _, err := s.askedWards(ctx, c, who)
	if err != nil {
		return err
	}
	r, err := s.askedRange(c)
	if err != nil {
		return err
	}
	r.Step = use.Hour
	name := "all-wards"
	if ward != "" {
		name = fileName(ward)
	}
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8; header=present")
	c.Set(fiber.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="padwarden-use-%s-%s-%s.csv"`, name, r.From.Format(time.DateOnly), r.To.Add(-time.Second).Format(time.DateOnly)))
	if c.Method() == fiber.MethodHead {
		return nil
	}
	if s.exports.Add(1) > maxExports {
		s.exports.Add(-1)
		return problem.New(fiber.StatusServiceUnavailable, "too_many_exports", "Others are downloading just now. Try again in a minute.")
	}
	conn, staff := c.Context().Conn(), who.Name
	c.Context().SetConnectionClose() // its write deadlines are its own
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		defer s.exports.Add(-1)
		ctx, cancel := context.WithTimeout(s.Base, exportIn)
		defer cancel()
		flush := func() error {
			return errors.Join(conn.SetWriteDeadline(time.Now().Add(flushIn)), w.Flush())
		}
		if err := s.writeUse(ctx, csv.NewWriter(w), flush, about, r); err != nil {
			s.Log.Warn("an export of use ended early", "staff", staff, "err", err)
		}
	})
	return nil
}

// writeUse writes the lines of each ward, piece by piece.
func (s *Console) writeUse(ctx context.Context, out *csv.Writer, flush func() error, wards []ledger.Ward, r use.Range) error {
	out.UseCRLF = true
	_ = out.Write(useColumns) // an error is told by the next flush
	for _, w := range wards {
		for _, piece := range r.Cut(exportSteps) {
			data, err := s.useData(ctx, w.ID, piece, piece)
			if err != nil {
				_ = out.Write([]string{"This file is not complete: something went wrong here. Download it again."})
				out.Flush()
				return errors.Join(err, flush())
			}
			for _, l := range use.Build(piece, data).Lines {
				if l.Counted && !l.From.After(s.now()) {
					_ = out.Write(useRecord(w, l))
				}
			}
			out.Flush()
			if err := errors.Join(out.Error(), flush()); err != nil {
				return err
			}
		}
	}
	return flush()
}

func useRecord(w ledger.Ward, l use.Line) []string {
	causes := make([]string, 0, len(l.Unproven))
	for _, why := range l.Causes() {
		causes = append(causes, fmt.Sprintf("%s %d", why, l.Unproven[why]))
	}
	seconds := func(d time.Duration) string {
		if d == 0 {
			return ""
		}
		return strconv.FormatInt(int64(d/time.Second), 10)
	}
	n := strconv.Itoa
	return []string{plainCell(w.ID), plainCell(w.Name), l.From.Format(time.RFC3339), l.To.Format(time.RFC3339),
		n(l.Opened), n(l.Resumed), n(l.Held), n(l.Idle), n(l.Emergencies), n(l.NotProven()), strings.Join(causes, "; "),
		n(l.Took.Proven), n(l.Took.Never), seconds(l.Took.P50), seconds(l.Took.P90), seconds(l.Took.P95), seconds(l.Usable.P50), seconds(l.Usable.P90)}
}

// plainCell keeps a spreadsheet from taking a text for a formula (OWASP, CSV
// injection): what begins like one gets an apostrophe before it.
func plainCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) || strings.HasPrefix(text, "＝") || strings.HasPrefix(text, "＋") || strings.HasPrefix(text, "－") || strings.HasPrefix(text, "＠") {
		return "'" + text
	}
	return text
}

// fileName is a ward's id with nothing in it that a file's name, or a header, may not have.
func fileName(id string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, id)
	return name[:min(len(name), 60)]
}
