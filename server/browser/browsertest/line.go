package browsertest

import (
	"net"
	"strings"
	"sync"
	"testing"
)

// Line is the network between a page and its server, as a ward has it: it can
// be cut, and it can go dead without a word.
type Line struct {
	Base string // the server's address through it

	to   string
	mu   sync.Mutex
	dead bool // connections stay, and nothing passes
	cut  bool // connections are closed, and new ones too
	wake *sync.Cond
	open map[net.Conn]bool
}

// NewLine leads to the server at base, until the test ends.
func NewLine(t *testing.T, base string) *Line {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	line := &Line{Base: "http://" + l.Addr().String(), to: strings.TrimPrefix(base, "http://"), open: map[net.Conn]bool{}}
	line.wake = sync.NewCond(&line.mu)
	t.Cleanup(func() { _ = l.Close(); line.Cut() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go line.serve(c)
		}
	}()
	return line
}

// Cut closes all connections, and every new one at once.
func (l *Line) Cut() { l.set(true, false) }

// Die lets nothing pass any more, and says so to nobody.
func (l *Line) Die() { l.set(false, true) }

// Mend lets everything pass again.
func (l *Line) Mend() { l.set(false, false) }

func (l *Line) set(cut, dead bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.dead = cut, dead
	if cut {
		for c := range l.open {
			_ = c.Close()
		}
	}
	l.wake.Broadcast()
}

func (l *Line) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	if !l.passes() {
		return
	}
	server, err := net.Dial("tcp", l.to)
	if err != nil {
		return
	}
	l.mu.Lock()
	l.open[c], l.open[server] = true, true
	l.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { l.carry(server, c) })
	both.Go(func() { l.carry(c, server) })
	both.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
	delete(l.open, server)
}

func (l *Line) carry(to, from net.Conn) {
	defer func() { _ = to.Close() }()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if n > 0 {
			if !l.passes() {
				return
			}
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// passes waits while the line is dead, and reports whether it is not cut.
func (l *Line) passes() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.dead && !l.cut {
		l.wake.Wait()
	}
	return !l.cut
}
