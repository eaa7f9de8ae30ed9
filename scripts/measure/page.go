package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/padwarden/padwarden/scripts/measure/plot"
)

// The page, in the folder that -docs and -draw name.
const (
	pageText  = "performance.md"
	pageData  = "performance.json"
	pagePlots = "performance" // a folder

	// Between these the page is ours; the rest was written by hand and stays.
	tableBegins = "<!-- figures: scripts/bench writes from here -->"
	tableEnds   = "<!-- to here -->"
)

// page is what performance.json keeps: the figures, and what they were taken on.
type page struct {
	Machine machine  `json:"machine"`
	Took    string   `json:"took"` // the last run, of however many rows
	Results []result `json:"results"`
}

// beginPage reads what is kept in a folder, so that rows that are not taken now
// stay as they were. A run of all rows on another machine begins anew; some rows
// of another machine are never put beside those of this one.
func beginPage(folder string, here machine, all bool) (*page, error) {
	if _, _, err := readText(folder); err != nil {
		return nil, err
	}
	p, err := readPage(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &page{Machine: here}, nil
	case err != nil:
		return nil, err
	case p.Machine == here:
		return p, nil
	case all:
		return &page{Machine: here}, nil
	}
	return nil, fmt.Errorf("the rows that %s keeps were taken on another machine, or with another Go, Redis or PostgreSQL: take them all", filepath.Join(folder, pageData))
}

func readPage(folder string) (*page, error) {
	path := filepath.Join(folder, pageData)
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading what is kept: %w", err)
	}
	var p page
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("%s is broken (%w): remove it and take every row", path, err)
	}
	return &p, nil
}

// keep puts a row's results in the place of its former ones, in the rows' order.
// Rows that there are not any more go.
func (p *page) keep(name string, got []result) {
	p.Results = slices.DeleteFunc(p.Results, func(r result) bool { return r.Name == name || place(r.Name) < 0 })
	for _, r := range got {
		r.Taken = time.Now().UTC().Format(time.DateOnly)
		p.Results = append(p.Results, r)
	}
	slices.SortStableFunc(p.Results, func(a, b result) int { return cmp.Compare(place(a.Name), place(b.Name)) })
}

func place(name string) int {
	return slices.IndexFunc(rows, func(r row) bool { return r.Name == name })
}

// write keeps the figures, whole or not at all.
func (p *page) write(folder string) error {
	raw, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return replace(filepath.Join(folder, pageData), append(raw, '\n'))
}

// draw writes the plots, and the table into the page.
func (p *page) draw(folder string) error {
	before, after, err := readText(folder)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(folder, pagePlots), 0o755); err != nil {
		return err
	}
	lines, goal := curves(p.Results)
	return errors.Join(
		replace(filepath.Join(folder, pagePlots, "throughput.svg"), []byte(plot.Ratios(bars(p.Results)))),
		replace(filepath.Join(folder, pagePlots, "growth.svg"), []byte(plot.Growth(lines, goal))),
		replace(filepath.Join(folder, pageText), []byte(before+tableBegins+"\n"+p.markdown()+tableEnds+after)),
	)
}

// readText is what stands before and after the table.
func readText(folder string) (before, after string, err error) {
	path := filepath.Join(folder, pageText)
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", "", fmt.Errorf("reading the page: %w", err)
	}
	before, rest, ok := strings.Cut(string(raw), tableBegins)
	_, after, more := strings.Cut(rest, tableEnds)
	if !ok || !more {
		return "", "", fmt.Errorf("%s has no place for the table: it goes between %q and %q, in this order", path, tableBegins, tableEnds)
	}
	return before, after, nil
}

// replace writes a file beside the old one, then in its place.
func replace(path string, content []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return nil
	}
	next := path + ".next"
	if err := os.WriteFile(next, content, 0o644); err != nil {
		return errors.Join(err, os.Remove(next))
	}
	return os.Rename(next, path)
}
