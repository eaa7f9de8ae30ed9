package browser

import (
	"testing"

	"github.com/padwarden/padwarden/server/problem"
)

func TestStreamsAreBounded(t *testing.T) {
	s := Streams{Total: 5, Each: 2}
	var leave []func()
	for _, owner := range []string{"a", "a", "b", "b", "c"} {
		l, err := s.take(owner)
		if err != nil {
			t.Fatalf("%s: %v", owner, err)
		}
		leave = append(leave, l)
	}
	for _, owner := range []string{"a", "c", "d"} {
		if _, err := s.take(owner); problem.From(err).Status != 503 {
			t.Errorf("one too many for %s: %v", owner, err)
		}
	}
	leave[4]() // c
	if _, err := s.take("a"); err == nil {
		t.Error("a has a third")
	}
	for _, l := range leave[:4] {
		l()
	}
	if s.all != 0 || len(s.open) != 0 {
		t.Errorf("all left, and still %d, %v", s.all, s.open)
	}
}
