package peers

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a program that was started here, and ends with its benchmark.
type process struct {
	cmd *exec.Cmd
	log string // file
}

// start runs a program on the first core. end is the signal that it ends by.
func start(b *testing.B, end syscall.Signal, configure func(*exec.Cmd), name string, args ...string) *process {
	b.Helper()
	p := &process{cmd: exec.Command("taskset", append([]string{"-c", "0", name}, args...)...), log: filepath.Join(b.TempDir(), "log")}
	log, err := os.Create(p.log)
	must(b, err)
	defer log.Close()
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if configure != nil {
		configure(p.cmd)
	}
	must(b, p.cmd.Start())
	ended := make(chan struct{})
	go func() { _ = p.cmd.Wait(); close(ended) }()
	b.Cleanup(func() {
		_ = p.cmd.Process.Signal(end)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = p.cmd.Process.Kill()
			<-ended
		}
	})
	return p
}

// until waits for ready, and fails with the end of what the program printed.
func (p *process) until(b *testing.B, ready func() error) {
	b.Helper()
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = ready(); err == nil {
			return
		}
	}
	said, _ := os.ReadFile(p.log)
	b.Fatalf("%s is not ready: %v\n%s", p.cmd.Args[3], err, said[max(0, len(said)-2000):])
}

// cpu is the processor time of the program and of those that it has started:
// PostgreSQL has a process for each connection.
func (p *process) cpu() time.Duration {
	pid := strconv.Itoa(p.cmd.Process.Pid)
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	ticks := 0
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		own, rest, _ := bytes.Cut(b, []byte(" "))
		fields := strings.Fields(string(rest[bytes.LastIndexByte(rest, ')')+1:])) // from the state on: proc(5)
		if string(own) != pid && fields[1] != pid {
			continue
		}
		for _, n := range []int{11, 12, 13, 14} { // utime, stime, and those of children that have ended
			t, _ := strconv.Atoi(fields[n])
			if n < 13 || string(own) == pid {
				ticks += t
			}
		}
	}
	return time.Duration(ticks) * time.Second / 100 // USER_HZ, 100 on every Linux that Go runs on
}

// peak is the most memory that the program itself has had, in MiB.
func (p *process) peak(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	must(b, err)
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			must(b, err)
			return float64(kib) / 1024
		}
	}
	b.Fatal("no VmHWM: this is not Linux")
	return 0
}

// loadElsewhere keeps this process, which makes the load, off the first core.
func loadElsewhere(b *testing.B, cores int) {
	b.Helper()
	pin := func(to string) error {
		out, err := exec.Command("taskset", "-acp", to, strconv.Itoa(os.Getpid())).CombinedOutput()
		if err != nil {
			return fmt.Errorf("taskset: %w: %s", err, out)
		}
		return nil
	}
	must(b, pin(fmt.Sprintf("1-%d", cores-1)))
	b.Cleanup(func() { _ = pin(fmt.Sprintf("0-%d", cores-1)) })
}

func freePort(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
