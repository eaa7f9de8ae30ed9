package provision

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// columns are those a file may have; badge may be followed by badge2 to badge9.
var (
	peopleColumns = []string{"id", "name", "account", "badge", "badge2", "badge3", "badge4", "badge5", "badge6", "badge7", "badge8", "badge9", "badge_expires", "pin", "active"}
	ipadColumns   = []string{"serial", "name", "ward", "reader"}
)

// parseCSV reads comma or semicolon separated rows (RFC 4180); the header says
// which, and what they are about. A row that has too many or too few cells is
// refused by itself; a quote that does not close spoils the whole file, for
// nobody knows where the next row begins.
func parseCSV(text []byte) (File, error) {
	header, rows := separated(text)
	want, err := header.kind()
	if err != nil {
		return File{}, err
	}
	var f File
	for {
		cells, n, err := rows.next()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return File{}, err
		}
		if strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue // separators alone, as spreadsheets leave them
		}
		if len(f.wishes) == maxRows {
			return File{}, errTooMany
		}
		w := wish{n: n}
		if len(cells) != len(header) {
			w.bad = fmt.Sprintf("It has %d cells, and the header has %d.", len(cells), len(header))
		}
		row := map[string]string{}
		for i, name := range header {
			if i < len(cells) {
				row[name] = strings.TrimSpace(cells[i])
			}
		}
		want(row, &w)
		f.wishes = append(f.wishes, w)
	}
}

// header is a file's first row: the names of its columns, in lower case.
type header []string

// separated reads the header by both separators and goes on with the one that
// finds more columns of ours.
func separated(text []byte) (header, *records) {
	var best header
	var rest *records
	most := -1
	for _, comma := range ",;" {
		r := newRecords(text, comma)
		cells, _, err := r.next()
		if err != nil {
			cells = nil
		}
		found := 0
		for i, c := range cells {
			cells[i] = strings.ToLower(strings.TrimSpace(c))
			if slices.Contains(peopleColumns, cells[i]) || slices.Contains(ipadColumns, cells[i]) {
				found++
			}
		}
		if found > most {
			best, rest, most = cells, r, found
		}
	}
	return best, rest
}

// kind says what the rows are about, and returns how one is taken up.
func (h header) kind() (func(row map[string]string, w *wish), error) {
	columns, take := peopleColumns, takePerson
	people, ipads := slices.Contains(h, "id"), slices.Contains(h, "serial")
	switch {
	case people == ipads || len(h) > maxColumns:
		return nil, fmt.Errorf("its first row must name its columns, separated by commas or semicolons: %s for people, or %s for iPads",
			"id, name, account, badge, badge2, badge_expires, pin, active", strings.Join(ipadColumns, ", "))
	case ipads:
		columns, take = ipadColumns, takeIPad
	}
	for i, name := range h {
		if !slices.Contains(columns, name) {
			return nil, fmt.Errorf("its column %q is not known: the columns are %s", name, strings.Join(columns, ", "))
		}
		if slices.Contains(h[:i], name) {
			return nil, fmt.Errorf("its column %q is there twice", name)
		}
	}
	return take, nil
}

func takePerson(row map[string]string, w *wish) {
	p := &person{id: row["id"], name: row["name"], account: row["account"], ends: row["badge_expires"], pin: row["pin"], active: row["active"]}
	for _, column := range peopleColumns {
		if strings.HasPrefix(column, "badge") && column != "badge_expires" {
			p.badges = append(p.badges, row[column])
		}
	}
	w.person = p
}

func takeIPad(row map[string]string, w *wish) {
	w.ipad = &ipad{serial: row["serial"], name: row["name"], ward: row["ward"], reader: row["reader"]}
}

// records reads rows and counts them as a spreadsheet does, empty ones too.
type records struct {
	text []byte
	csv  *csv.Reader
	n    int
	line int // on which the last record ended, and the next may begin
	at   int // what was counted of text
}

func newRecords(text []byte, comma rune) *records {
	r := &records{text: text, csv: csv.NewReader(bytes.NewReader(text)), line: 1}
	r.csv.Comma, r.csv.FieldsPerRecord = comma, -1
	return r
}

func (r *records) next() (cells []string, n int, err error) {
	cells, err = r.csv.Read()
	var wrong *csv.ParseError
	switch {
	case errors.As(err, &wrong):
		return nil, 0, fmt.Errorf("line %d has a quote in the wrong place, or one that is not closed", wrong.StartLine)
	case err != nil:
		return nil, 0, err
	}
	begins, _ := r.csv.FieldPos(0)
	r.n += 1 + begins - r.line
	end := int(r.csv.InputOffset())
	r.line += bytes.Count(r.text[r.at:end], []byte("\n"))
	r.at = end
	return cells, r.n, nil
}
