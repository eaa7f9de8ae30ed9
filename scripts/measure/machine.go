package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine is what the figures were taken on. They say nothing without it.
type machine struct {
	Cores      int    `json:"cores"`
	CPU        string `json:"cpu"`
	Memory     string `json:"memory"`
	Kernel     string `json:"kernel"`
	Go         string `json:"go"`
	Redis      string `json:"redis"`
	PostgreSQL string `json:"postgresql"`
}

// machineOf asks this one. What it does not say is "unknown", what is not
// installed "none".
func machineOf() machine {
	m := machine{
		Cores: runtime.NumCPU(), Go: runtime.Version(),
		CPU:    after(text("/proc/cpuinfo"), "model name"),
		Memory: "unknown",
		Kernel: strings.TrimSpace(text("/proc/sys/kernel/osrelease")),
		Redis:  "none", PostgreSQL: "none",
	}
	if kb, err := strconv.Atoi(strings.TrimSuffix(after(text("/proc/meminfo"), "MemTotal"), " kB")); err == nil {
		m.Memory = short(float64(kb)/(1<<20)) + " GiB"
	}
	if said := says("redis-server", "--version"); said != "" {
		_, said, _ = strings.Cut(said, "v=")
		m.Redis, _, _ = strings.Cut(said, " ")
	}
	postgres, err := exec.LookPath("postgres")
	if err != nil { // Debian keeps it off the path
		if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres"); len(found) > 0 {
			postgres = found[len(found)-1]
		}
	}
	if said := strings.Fields(says(postgres, "--version")); len(said) > 2 {
		m.PostgreSQL = said[2]
	}
	for _, s := range []*string{&m.CPU, &m.Kernel} {
		if *s == "" {
			*s = "unknown"
		}
	}
	return m
}

func text(path string) string {
	b, _ := os.ReadFile(path) // where there is none, it is unknown
	return string(b)
}

// after is what the first line of "name : value" says.
func after(lines, name string) string {
	for line := range strings.Lines(lines) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// says is what a program prints, "" if there is none.
func says(name string, args ...string) string {
	if name == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, _ := exec.CommandContext(ctx, name, args...).Output()
	return string(out)
}
