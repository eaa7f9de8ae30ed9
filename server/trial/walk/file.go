package walk

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/padwarden/padwarden/server/trial"
)

// file has the server sign what was done, and writes the table beside the file.
func (w *walk) file(ctx context.Context) error {
	w.say("")
	for _, s := range w.begun.Steps {
		t, ok := w.tried(s.Name)
		if !ok {
			t.Outcome = trial.NotTried
		}
		w.say("  %-14s %s", s.Title, strings.ReplaceAll(string(t.Outcome), "_", " "))
	}
	if !slices.ContainsFunc(w.claim.Steps, func(t trial.Tried) bool { return t.Outcome != trial.NotTried }) {
		w.say("Nothing was tried, so there is nothing to sign.")
		return errEnough
	}
	yes, err := w.choose(ctx, "Have the server sign this table? What is not tried stays so. [y/n]", "yes", "no")
	if err != nil || yes == "no" {
		return errEnough
	}
	signed, err := w.API.file(ctx, w.claim)
	if err != nil {
		return fmt.Errorf("filing the trial (what was done is in %s): %w", w.File, err)
	}
	public, err := w.API.Key(ctx)
	if err != nil {
		return err
	}
	table, err := trial.Verify(signed, public)
	if err != nil {
		return fmt.Errorf("the server's table: %w", err)
	}
	text, err := json.MarshalIndent(signed, "", "  ")
	if err != nil {
		return err
	}
	base := strings.TrimSuffix(w.File, ".json")
	for name, body := range map[string]string{base + ".signed.json": string(text) + "\n", base + ".md": trial.Markdown(table, signed, public)} {
		if err := os.WriteFile(name, []byte(body), 0o644); err != nil { // it is to be shown around
			return fmt.Errorf("writing the table: %w", err)
		}
	}
	w.say("Signed: %s.signed.json, to be read in %s.md", base, base)
	return nil
}

// maxTable bounds a file that is verified.
const maxTable = 1 << 20

// Verify reads a signed table from a file and returns it, to be read by
// people, if public's owner signed it.
func Verify(file string, public ed25519.PublicKey) (string, error) {
	info, err := os.Stat(file)
	if err == nil && info.Size() > maxTable {
		err = fmt.Errorf("it is larger than %d bytes", maxTable)
	}
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", file, err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", file, err)
	}
	var signed trial.Signed
	if err := json.Unmarshal(text, &signed); err != nil || len(signed.Body) == 0 {
		return "", fmt.Errorf("%s is no signed table", file)
	}
	table, err := trial.Verify(signed, public)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return trial.Markdown(table, signed, public), nil
}
