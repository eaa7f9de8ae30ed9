package identity

import (
	"errors"
	"slices"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
)

// Who owns a passkey names and removes it, and nobody else does; what it opened is then ended.
func TestPasskeysOfOnesOwn(t *testing.T) {
	w := withAnna(t)
	keys, err := w.Own(t.Context(), "clinician:anna")
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	id := keys[0].ID
	for name, err := range map[string]error{
		"named by another":   w.Name(t.Context(), "clinician:ben", id, "mine"),
		"removed by another": w.Remove(t.Context(), "clinician:ben", id, "staff:Maria"),
	} {
		if !errors.Is(err, custody.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.Name(t.Context(), "clinician:anna", id, " "); custody.Refused(err) != RefusedPasskeyName {
		t.Error(err)
	}
	if err := errors.Join(w.Name(t.Context(), "clinician:anna", id, "green key"), w.signs(w.anna), w.Remove(t.Context(), "clinician:anna", id, "staff:Maria")); err != nil {
		t.Fatal(err)
	}
	if keys, _ := w.Own(t.Context(), "clinician:anna"); len(keys) != 0 || !slices.Equal(w.ended, []string{"clinician:anna"}) {
		t.Errorf("%v, told %v", keys, w.ended)
	}
	if err := w.signs(w.anna); !errors.Is(err, NoPasskey()) {
		t.Errorf("removed, it signs in: %v", err)
	}
}

func TestAFreshProofEnds(t *testing.T) {
	w := newKeyWorld(t)
	if w.Fresh(t.Context(), "session") {
		t.Error("before it began")
	}
	if err := w.Proved(t.Context(), "session"); err != nil {
		t.Fatal(err)
	}
	if !w.Fresh(t.Context(), "session") || w.Fresh(t.Context(), "another") {
		t.Error("want it for its session, and for no other")
	}
	w.m.advance(FreshFor)
	if w.Fresh(t.Context(), "session") {
		t.Error("it does not end")
	}
}
