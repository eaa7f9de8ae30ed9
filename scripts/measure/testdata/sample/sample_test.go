// Package sample has benchmarks that end in every way a row's may.
package sample

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

func BenchmarkGood(b *testing.B) {
	b.ReportMetric(3, "ours/s")
	b.ReportMetric(2, "other/s")
}

func BenchmarkZero(b *testing.B) {
	b.ReportMetric(3, "ours/s")
	b.ReportMetric(0, "other/s")
}

func BenchmarkFails(b *testing.B) { b.Fatal("7 of 100 failed, the first with: refused") }

func BenchmarkSkips(b *testing.B) { b.Skip("skipped: no such-program on PATH") }

func BenchmarkSilent(*testing.B) {}

// BenchmarkHangs starts a program and waits for ever; PID_FILE is where it says which.
func BenchmarkHangs(b *testing.B) {
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv("PID_FILE"), []byte(strconv.Itoa(cmd.Process.Pid)), 0o600); err != nil {
		b.Fatal(err)
	}
	time.Sleep(10 * time.Minute)
}
