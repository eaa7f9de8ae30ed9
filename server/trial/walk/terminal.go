package walk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// errEnough: the person ends the walk, by q, by the end of the input, or by
// Ctrl-C. What was done is kept.
var errEnough = errors.New("ended before it was through")

// terminal is where the person is.
type terminal struct {
	out   io.Writer
	lines <-chan string // closed at the end of the input
}

// newTerminal reads in until it ends. A reading that waits for a person cannot
// be called off, so its goroutine lasts until in is closed, or the program.
func newTerminal(ctx context.Context, in io.Reader, out io.Writer) *terminal {
	lines := make(chan string)
	go func() {
		defer close(lines)
		s := bufio.NewScanner(in)
		for s.Scan() {
			select {
			case lines <- strings.TrimSpace(s.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	return &terminal{out: out, lines: lines}
}

func (t *terminal) say(format string, a ...any) { fmt.Fprintf(t.out, format+"\n", a...) }

// ask returns a line, or errEnough.
func (t *terminal) ask(ctx context.Context, prompt string) (string, error) {
	fmt.Fprintf(t.out, "%s ", prompt)
	select {
	case <-ctx.Done():
		return "", errEnough
	case line, ok := <-t.lines:
		if !ok || line == "q" {
			return "", errEnough
		}
		return line, nil
	}
}

// choose asks until the answer is one of those that are offered, by its first letter.
func (t *terminal) choose(ctx context.Context, prompt string, offered ...string) (string, error) {
	for {
		line, err := t.ask(ctx, prompt)
		if err != nil {
			return "", err
		}
		for _, o := range offered {
			if line == o || line == o[:1] {
				return o, nil
			}
		}
	}
}
