package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
)

// started runs the built program until the test ends, and returns its lines.
func started(t *testing.T, program, dir string, args ...string) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c := exec.CommandContext(ctx, program, args...)
	c.Dir, c.Env = dir, append(os.Environ(), "PADWARDEN_LOG=error")
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 20 * time.Second
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		cancel()
		for range lines { // until the program has closed it
		}
		_ = c.Wait()
	})
	return lines
}

// says waits for a line that fits and returns what was in its brackets.
func says(t *testing.T, lines <-chan string, fits string) string {
	t.Helper()
	late := time.After(2 * time.Minute)
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatalf("the program ended before it said %s", fits)
			}
			if m := regexp.MustCompile(fits).FindStringSubmatch(line); m != nil {
				return m[1]
			}
		case <-late:
			t.Fatalf("the program has not said %s", fits)
		}
	}
}

// readme returns what the README has between two marks of its first steps.
func readme(t *testing.T, from, to string) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), from)
	found, _, ends := strings.Cut(rest, to)
	if !ok || !ends {
		t.Fatalf("the README has nothing between %q and %q", from, to)
	}
	return found
}

// A new administrator gets from an empty folder to the first badge-in by the
// README alone: its file, its badge and its PIN, its buttons by their names. The
// nurse then comes in all three ways: badge and PIN, security key, emergency.
func TestFirstStepsInABrowser(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "padwarden")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	serial := strings.Fields(readme(t, "./padwarden ipad --serial ", "\n"))[0]
	badge, pin := readme(t, "type `", "`"), strings.TrimSpace(readme(t, "then the PIN, ", "."))
	file := filepath.Join(dir, "hospital.json")
	if err := os.WriteFile(file, []byte(readme(t, "   ```json\n", "   ```")), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, must := range []string{"**Add a passkey…**", "**Import**", "**Enrolment link…**", "**I'm done**"} {
		readme(t, must, "## Run it")
	}

	server := started(t, program, dir, "serve", "--listen", "127.0.0.1:0")
	link := says(t, server, `Sign in once, .*: (http://\S+)`)

	admin := browsertest.Open(t)
	admin.Key(true)
	admin.Look(1180, 820, "light")
	button := func(tab *browsertest.Tab, words string) {
		t.Helper()
		tab.Until(fmt.Sprintf(`document.readyState === 'complete' && [...document.querySelectorAll('button, a')].some((b) => b.textContent.trim() === %q && b.checkVisibility())`, words))
		tab.Eval(fmt.Sprintf(`[...document.querySelectorAll('button, a')].find((b) => b.textContent.trim() === %q && b.checkVisibility()).click()`, words))
	}
	admin.Do(chromedp.Navigate(link))
	button(admin, "Sign in")
	admin.Do(chromedp.WaitVisible(".who a"), chromedp.Click(".who a"))
	button(admin, "Add a passkey…")
	admin.Do(chromedp.WaitVisible("#add-name"), chromedp.SendKeys("#add-name", "this computer"), chromedp.Click("#add-yes"))
	admin.Until(`document.body.textContent.includes('this computer')`)
	admin.Until(`![...document.querySelectorAll('dialog')].some((d) => d.open)`)
	button(admin, "Sign out")
	button(admin, "Sign in with a passkey")

	button(admin, "Administration")
	button(admin, "Import")
	admin.Do(chromedp.WaitVisible("#file"), chromedp.SetUploadFiles("#file", []string{file}))
	button(admin, "Check the file")
	admin.Do(chromedp.WaitVisible("#import"), chromedp.Click("#import"))
	admin.Until(`document.getElementById('progress').textContent.includes('All 3 rows are done.')`)
	button(admin, "iPads")
	button(admin, "4E-01")
	button(admin, "Enrolment link…")
	button(admin, "Make the link")
	admin.Until(`[...document.querySelectorAll('.link')].some((l) => l.textContent.startsWith('http'))`)
	enrol := admin.Eval(`[...document.querySelectorAll('.link')].find((l) => l.textContent.startsWith('http')).textContent`)

	ipad := started(t, program, dir, "ipad", "--serial", serial, enrol)
	nurse := browsertest.Open(t)
	nurse.Key(false)
	nurse.Look(820, 1180, "light")
	shows := func(state string) {
		t.Helper()
		nurse.Until(fmt.Sprintf(`document.body?.dataset.state === %q && document.body.dataset.asks === '' && document.readyState === 'complete'`, state))
	}
	// free is the iPad's new page, as clean as it is after every wipe. Passkeys are
	// made for a name, so it is opened by this machine's.
	free := func() {
		t.Helper()
		nurse.Do(chromedp.Navigate(browsertest.Local(says(t, ipad, `Its page, .*: (http://\S+)`))))
		shows("clean")
		time.Sleep(500 * time.Millisecond) // the stream's first event
	}
	done := func() {
		t.Helper()
		nurse.Until(`document.body.dataset.state === 'in_use' && document.getElementById('holder').textContent === 'Ada Okafor'`)
		button(nurse, "I'm done")
		nurse.Until(`document.body.dataset.asks === 'leaving'`)
		time.Sleep(700 * time.Millisecond) // as a glove's second touch it would count for nothing
		button(nurse, "Yes, I'm done")
		nurse.Until(`document.body.dataset.state === 'wiping'`)
		says(t, ipad, `took (EraseDevice)`)
	}
	tap := func() {
		t.Helper()
		nurse.Do(chromedp.KeyEvent(badge + "\r"))
		nurse.Until(`document.body.dataset.asks === 'pin'`)
	}

	free() // by badge and PIN, and a key is added for the next time
	tap()
	for _, d := range pin {
		nurse.Do(chromedp.Click(fmt.Sprintf(`button[data-digit="%c"]`, d)))
	}
	nurse.Do(chromedp.Click("#enter"))
	shows("in_use")
	button(nurse, "Add a security key")
	button(nurse, "Add my key")
	nurse.Until(`document.body.dataset.asks === 'keyadded'`)
	button(nurse, "Go on working")
	done()

	free() // by the key alone
	button(nurse, "Use your passkey or security key")
	done()

	free() // in an emergency, by the badge alone
	tap()
	button(nurse, "Emergency")
	button(nurse, "Emergency: open now")
	nurse.Until(`document.body.dataset.state === 'in_use' && !document.getElementById('urgent').hidden`)
	done()

	says(t, ipad, `Its page, .*: (http://\S+)`) // proven clean for whoever is next
	button(admin, "Close")
	admin.Until(`document.querySelector('.pill')?.textContent.includes('Clean')`)
	button(admin, "Emergencies")
	admin.Until(`document.body.textContent.includes('Ada Okafor')`)
}
