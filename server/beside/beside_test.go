package beside_test

import (
	"errors"
	"flag"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/beside"
)

func TestSidesTakeTurns(t *testing.T) {
	var order []string
	spent := time.Duration(0)
	did := map[string]int{}
	side := func(name string) beside.Side {
		return beside.Side{Unit: name, Do: func(b *testing.B, n int) {
			if n > 1 { // Go tries each benchmark with one operation first
				order = append(order, name)
				did[name] += n
			}
			spent += time.Duration(n) * time.Millisecond
		}, Spent: func() time.Duration { return spent }, Each: true}
	}
	if err := flagBenchtime(t, "40x"); err != nil {
		t.Fatal(err)
	}
	testing.Benchmark(func(b *testing.B) { beside.Run(b, side("ours"), side("other")) })
	if did["ours"] != did["other"] || did["ours"] != 40*beside.Rounds {
		t.Errorf("not the same work: %v", did)
	}
	if first := slices.Index(order, "other"); first != 1 || order[2] != "other" || order[3] != "ours" {
		t.Errorf("one side always begins: %v", order[:8])
	}
}

func TestAnErrorIsCountedAndTheRestDone(t *testing.T) {
	var mu sync.Mutex
	var done []int
	err := beside.AtOnce(4, 100, func(_, i int) error {
		mu.Lock()
		defer mu.Unlock()
		done = append(done, i)
		if i%10 == 0 {
			return errors.New("refused")
		}
		return nil
	})
	if err == nil || !strings.HasPrefix(err.Error(), "10 of 100 failed") || !strings.HasSuffix(err.Error(), "refused") {
		t.Errorf("%v", err)
	}
	slices.Sort(done)
	if len(done) != 100 || len(slices.Compact(done)) != 100 {
		t.Errorf("done: %v", done)
	}
	if err := beside.AtOnce(4, 10, func(_, _ int) error { return nil }); err != nil {
		t.Error(err)
	}
}

// flagBenchtime sets -benchtime, which testing.Benchmark reads, for a test.
func flagBenchtime(t *testing.T, to string) error {
	f := flag.Lookup("test.benchtime")
	was := f.Value.String()
	t.Cleanup(func() { _ = f.Value.Set(was) })
	return f.Value.Set(to)
}
