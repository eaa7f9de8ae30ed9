package sim

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func (w *world) clip(channel, secret string) {
	w.t.Helper()
	url := w.server.http.URL + "/kiosk/start/" + secret
	w.awaitStatus(w.server.do(channel, "InstallProfile", dict{"Payload": mobileconfig(w.t, "com.padwarden.kiosk",
		payload(typeWebClip, "clip", dict{"URL": url, "Label": "Badge"}))}), "Acknowledged")
}

func inState(state string) func(PageState) bool {
	return func(s PageState) bool { return s.State == state }
}

func (w *world) await(d *Device, state string) PageState {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	s, err := d.Page().Await(ctx, inState(state))
	must(w.t, err)
	return s
}

func (w *world) gone(d *Device) {
	w.t.Helper()
	eventually(w.t, "the end of the page", func() bool {
		d.page.mu.Lock()
		defer d.page.mu.Unlock()
		return !d.page.live
	})
}

func TestPageFollowsTheServer(t *testing.T) {
	w := newWorld(t, quick)
	k := w.server.kiosk
	k.say(PageState{State: "clean", Epoch: 4, Nonce: "n1"})
	d := w.device(Options{})
	if _, err := d.Page().Touch(t.Context()); !errors.Is(err, errNotShown) {
		t.Fatalf("a touch before there is a page: %v", err)
	}
	w.clip("", "one")
	if s := w.await(d, "clean"); s.Epoch != 4 {
		t.Fatalf("%+v", s)
	}
	if d.Page().Work() == nil {
		t.Fatal("work on a device that nobody holds")
	}
	k.reply("tap", map[string]any{"asks": "pin", "nonce": "n2", "sentence": "PIN?"})
	a, err := d.Page().Tap(t.Context(), "4711")
	must(t, err)
	if a.Asks != "pin" || d.Page().Asks() != "pin" {
		t.Fatalf("%+v", a)
	}
	k.reply("pin", PageState{State: inUse, Epoch: 5, Holder: "A", Nonce: "n3"})
	if s, err := d.Page().PIN(t.Context(), "123456"); err != nil || s.Holder != "A" {
		t.Fatalf("%+v %v", s, err)
	}
	k.say(PageState{State: inUse, Epoch: 5, Holder: "A", Open: true, Nonce: "n4"})
	w.await(d, inUse)
	must(t, d.Page().Work())
	must(t, d.Page().Work())
	if got := d.Truth().Canaries; len(got) != 1 || got[0] != (Canary{"A", 5}) {
		t.Fatalf("canaries %v", got)
	}
	_, err = d.Page().Touch(t.Context())
	must(t, err)
	_, err = d.Page().TakeOver(t.Context())
	must(t, err)
	_, err = d.Page().Return(t.Context())
	must(t, err)
	k.mu.Lock()
	got := strings.Join(k.posts, "; ")
	k.mu.Unlock()
	want := "tap map[badge:4711 nonce:n1] same-origin; pin map[nonce:n2 pin:123456] same-origin; touch map[epoch:5] same-origin; " +
		"takeover map[nonce:n4] same-origin; return map[epoch:5] same-origin"
	if got != want {
		t.Fatalf("posts:\n%s\nwant\n%s", got, want)
	}
	w.watch.note(func() {
		if w.watch.touched != 2 {
			t.Errorf("%d touches told, want the PIN's and the finger's", w.watch.touched)
		}
	})
	k.mu.Lock()
	k.refuse = &Problem{Status: http.StatusConflict, Title: "Locked", Code: "locked"}
	k.mu.Unlock()
	var p *Problem
	if _, err := d.Page().Touch(t.Context()); !errors.As(err, &p) || p.Code != "locked" || p.Status != 409 {
		t.Fatalf("a refusal: %v", err)
	}
}

func TestPageRunsOnlyInFront(t *testing.T) {
	w := newWorld(t, quick)
	w.server.kiosk.say(PageState{State: "clean"})
	d := w.device(Options{})
	w.clip("", "one")
	for name, hand := range map[string][2]func(){
		"screen":  {d.ScreenOff, d.Wake},
		"asleep":  {d.Sleep, d.Wake},
		"Wi-Fi":   {d.WifiOff, d.WifiOn},
		"front":   {d.PutAway, d.BringToFront},
		"battery": {d.BatteryDead, d.Charge},
	} {
		w.await(d, "clean")
		hand[0]()
		w.gone(d)
		if _, err := d.Page().Touch(t.Context()); !errors.Is(err, errNotShown) {
			t.Errorf("%s: a touch on a page that is not there: %v", name, err)
		}
		hand[1]()
	}
	w.await(d, "clean")
	must(t, d.SetPasscode("1"))
	d.ScreenOff()
	d.Wake()
	w.gone(d)
	must(t, d.Unlock("1"))
	w.await(d, "clean")
	w.server.do("", "EnableLostMode", dict{"Message": "lost"})
	w.gone(d)
	w.server.do("", "DisableLostMode", nil)
	w.await(d, "clean")
	w.server.do("", "InstallProfile", dict{"Payload": mobileconfig(t, "l", payload(typeAppLock, "l", dict{"App": map[string]any{"Identifier": "app"}}))})
	d.PutAway() // not under an app lock
	w.settle()
	w.await(d, "clean")
}

// A page hears what made the server lock the device, though the lock turns the
// screen off; nobody can touch it any more.
func TestPageHearsOfTheLockThatDarkensIt(t *testing.T) {
	w := newWorld(t, quick)
	w.server.kiosk.say(PageState{State: inUse, Epoch: 1, Holder: "A"})
	d := w.device(Options{})
	d.update(func() { d.env.Timing.Linger = time.Hour })
	w.clip("", "one")
	w.await(d, inUse)
	w.server.do("", "DeviceLock", nil)
	if _, err := d.Page().Touch(t.Context()); !errors.Is(err, errNotShown) || d.Truth().Screen {
		t.Fatalf("a touch on a dark screen: %v", err)
	}
	w.server.kiosk.say(PageState{State: "locked", Epoch: 1})
	eventually(t, "the event", func() bool { s, seen := d.Page().Shown(); return s.State == "locked" && !seen })
	d.Wake()
	w.await(d, "locked")
	w.watch.note(func() {
		if w.watch.hidden != 0 {
			t.Error("the page was opened anew")
		}
	})
	w.server.do("", "DeviceLock", nil)
	d.WifiOff() // nothing glows without a network
	w.gone(d)
}

// The cookie is in the volume: an erase destroys it, and the old start address
// does not work again.
func TestPageEndsWithTheVolume(t *testing.T) {
	w := newWorld(t, quick)
	w.server.kiosk.say(PageState{State: "clean"})
	d := w.device(Options{Ethernet: true})
	w.clip("", "one")
	w.await(d, "clean")
	w.server.do("", "EraseDevice", returnToService(nil))
	w.server.awaitSeen("TokenUpdate", 2)
	w.gone(d)
	eventually(t, "the new enrolment", func() bool { return d.Truth().Enrolled })
	w.clip("", "one")
	w.server.do("", "DeviceConfigured", nil)
	eventually(t, "a refusal", func() bool {
		d.page.mu.Lock()
		defer d.page.mu.Unlock()
		return d.page.err != nil && strings.Contains(d.page.err.Error(), "403")
	})
	w.clip("", "two")
	w.await(d, "clean")
}

func TestPageOfASharedIPadIsTheUsers(t *testing.T) {
	w, d := sharedIPad(t)
	w.server.kiosk.say(PageState{State: "clean"})
	w.clip(nurse, "one")
	w.await(d, "clean")
	d.AppleSignOut()
	w.gone(d)
	must(t, d.AppleSignIn("other"))
	w.settle()
	if _, live := d.Page().Shown(); live {
		t.Fatal("another's page is shown")
	}
	d.AppleSignOut()
	must(t, d.AppleSignIn(nurse)) // her cookie is still in her volume
	w.await(d, "clean")
}

func TestPageComesBackWhenTheStreamBreaks(t *testing.T) {
	w := newWorld(t, quick)
	w.server.kiosk.say(PageState{State: "clean", Epoch: 1})
	d := w.device(Options{})
	w.clip("", "one")
	w.await(d, "clean")
	w.server.http.CloseClientConnections()
	w.server.kiosk.say(PageState{State: "locked", Epoch: 1})
	w.await(d, "locked")
}

func TestReader(t *testing.T) {
	w := newWorld(t, quick)
	r := Reader{BaseURL: w.server.http.URL, ID: "dock-1", Credential: "secret"}
	if a, err := r.Tap(t.Context(), "4711"); err != nil || a.Device != "dock-1" || a.Asks != "pin" {
		t.Fatalf("%+v %v", a, err)
	}
	r.Credential = "wrong"
	var p *Problem
	if _, err := r.Tap(t.Context(), "4711"); !errors.As(err, &p) || p.Status != 401 {
		t.Fatalf("%v", err)
	}
}
