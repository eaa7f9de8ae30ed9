package provision

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/padwarden/padwarden/server/badge"
)

// Bounds of a file.
const (
	MaxBytes   = 10 << 20
	maxRows    = 50_000
	maxColumns = 40
)

// File is an import file that was read: what it wants, row by row.
type File struct {
	// Badges is how its badge numbers are written: as the readers of a ward write
	// them, or, without one, as they are printed.
	Badges badge.Format
	wishes []wish
}

// Rows returns how many rows it has, without a header.
func (f File) Rows() int { return len(f.wishes) }

// wish is one row: a ward, an iPad or a person, or why it cannot be read.
type wish struct {
	n      int
	bad    string
	ward   *HospitalWard
	ipad   *ipad
	person *person
}

type ipad struct{ serial, name, ward, reader string }

// person is somebody as a row has them. What is empty is left as it is.
type person struct {
	id, name, account string
	badges            []string // raw numbers; an empty cell keeps its place
	ends, pin, active string
}

var (
	errTooMany = fmt.Errorf("it has more than %d rows: split it", maxRows)
	byteOrder  = []byte("\xef\xbb\xbf") // the UTF-8 signature that spreadsheets write
)

// Parse reads a file: JSON if it begins with a brace, otherwise CSV of people
// or of iPads. What cannot be read as a whole is an error, in words for whoever
// made the file.
func Parse(text []byte) (File, error) {
	if len(text) > MaxBytes {
		return File{}, fmt.Errorf("it is larger than %d MB: split it", MaxBytes>>20)
	}
	text = bytes.TrimPrefix(text, byteOrder)
	if !utf8.Valid(text) {
		return File{}, errors.New("it is not UTF-8: save it as “CSV UTF-8”")
	}
	switch start := bytes.TrimLeft(text, " \t\r\n"); {
	case len(start) == 0:
		return File{}, errors.New("it is empty")
	case start[0] == '{':
		return parseJSON(text)
	}
	return parseCSV(text)
}
