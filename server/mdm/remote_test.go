package mdm_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm"
	"github.com/padwarden/padwarden/server/mdm/ca"
	"github.com/padwarden/padwarden/server/mdm/remote"
	"github.com/padwarden/padwarden/server/plan"
)

func serveNano(t *testing.T, ids ...custody.DeviceID) *server {
	t.Helper()
	return serveBy(t, &nano{key: []byte("a key of both servers"), queues: map[string][][]byte{}}, custody.ReturnToService, ids...)
}

func idle(p *ipad) []byte {
	return document("<dict>" + pair("UDID", p.udid) + pair("Status", "Idle") + "</dict>")
}

func (s *server) tag(p *ipad) string { return s.keys.Tag(p.claim.Device, p.claim.Epoch, p.claim.Run) }

// What the webhook's sender cannot show is not believed.
func TestWebhooksAreRefused(t *testing.T) {
	s := serveNano(t, "S1", "S2")
	one, two := s.ipad("S1").enrol(1, 1), s.ipad("S2").enrol(1, 1)
	hook := func(id, tag string, body []byte, at time.Time) func() (int, []byte) {
		return func() (int, []byte) { return s.nano.webhook(s, event(id, false, body, tag, at)) }
	}
	now := time.Now()
	good := event(one.udid, false, idle(one), s.tag(one), now)
	for _, signature := range []string{"", "AAAA", "%"} {
		s.refused("a signature "+signature, http.StatusForbidden, "webhook_signature", func() (int, []byte) {
			return s.do(http.MethodPost, mdm.WebhookPath, http.Header{remote.Header: {signature}}, good)
		})
	}
	s.refused("one recorded an hour ago", http.StatusForbidden, "webhook_old", hook(one.udid, s.tag(one), idle(one), now.Add(-time.Hour)))
	s.refused("one of the future", http.StatusForbidden, "webhook_old", hook(one.udid, s.tag(one), idle(one), now.Add(time.Hour)))
	s.refused("no tag", http.StatusForbidden, "tag", hook(one.udid, "", idle(one), now))
	s.refused("a tag that is ours for something else", http.StatusForbidden, "tag", hook(one.udid, s.keys.Challenge("S1", 1, 1), idle(one), now))
	s.refused("another's tag", http.StatusForbidden, "other_device", hook(two.udid, s.tag(one), idle(two), now))
	s.refused("a tag of an enrolment that never was", http.StatusForbidden, "unknown_certificate", hook(one.udid, s.keys.Tag("S1", 9, 9), idle(one), now))
	s.refused("not an event", http.StatusBadRequest, "webhook", func() (int, []byte) { return s.nano.webhook(s, []byte("{}")) })
	for name, bomb := range bombs() {
		if len(bomb) == 0 {
			continue // no event at all
		}
		if status, _ := s.nano.webhook(s, event(one.udid, false, bomb, s.tag(one), now)); status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status, _ := s.nano.webhook(s, event(one.udid, false, make([]byte, 300<<10), s.tag(one), now)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a message of 300 KiB: %d", status)
	}
	if status, _ := s.do(http.MethodPut, "/mdm", http.Header{"Content-Type": {connectType}, "Mdm-Signature": {one.sign(idle(one))}}, idle(one)); status != http.StatusNotFound && status != http.StatusMethodNotAllowed {
		t.Errorf("a device that comes here by itself: %d", status)
	}
}

// The device that was erased comes back by another address, and by its old one
// nothing more is heard.
func TestAnEnrolmentHasAnAddressOfItsOwn(t *testing.T) {
	s := serveNano(t, "S1")
	before := s.ipad("S1").enrol(1, 1)
	after := s.ipad("S1").enrol(2, 7)
	s.refused("the enrolment before the erase", http.StatusForbidden, "revoked_certificate", before.idle)
	if status, _ := after.idle(); status != http.StatusOK || s.last().Enrolment != ca.Hash(after.cert) || !s.last().Queued {
		t.Errorf("%d %+v", status, s.last())
	}
	in, err := s.engine.Inputs(t.Context(), custody.Custody{Device: "S1", Ward: "4B", Epoch: 3, Run: custody.Run{ID: 9, Goal: custody.GoalWipe}})
	if err != nil || in.MDMURL != "http://127.0.0.1:9000/mdm?enrolment="+s.keys.Tag("S1", 3, 9) {
		t.Errorf("%q %v", in.MDMURL, err)
	}
}

// NanoMDM tells of each message by itself, and once: one that overtakes the one
// before it waits, and so does one that a store cannot take for a moment.
func TestWebhooksWaitForTheirTurn(t *testing.T) {
	s := serveNano(t, "S1")
	p := s.ipad("S1").identify(1, 1)
	var early sync.WaitGroup
	early.Go(func() {
		if status, _ := p.tokenUpdate(true); status != http.StatusOK {
			t.Errorf("the TokenUpdate: %d", status)
		}
	})
	time.Sleep(150 * time.Millisecond)
	if n := len(s.store.pushes); n != 0 {
		t.Errorf("%d push records of a device that has not authenticated", n)
	}
	if status, _ := p.authenticate(); status != http.StatusOK {
		t.Fatalf("the Authenticate: %d", status)
	}
	early.Wait()
	events, _ := s.steward.heard()
	if last := events[len(events)-1]; last != (custody.TokenUpdated{Enrolment: ca.Hash(p.cert), Awaiting: true}) {
		t.Errorf("heard %+v", events)
	}
	s.store.setDown(true)
	time.AfterFunc(150*time.Millisecond, func() { s.store.setDown(false) })
	if status, _ := p.report("Acknowledged", "c", ""); status != http.StatusOK || s.last().Command != "c" {
		t.Errorf("while the store was away: %d %+v", status, s.last())
	}
	if status, _ := s.ipad("S1").identify(1, 2).tokenUpdate(true); status != http.StatusForbidden {
		t.Errorf("one whose Authenticate never comes: %d", status)
	}
}

func TestWhatADeviceIsToldGoesIntoItsQueueOnce(t *testing.T) {
	s := serveNano(t, "S1")
	p := s.ipad("S1").enrol(1, 1)
	s.steward.set(func(e *ear) {
		e.next = func(plan.Report) *plan.Command {
			return &plan.Command{UUID: "u", Body: []byte("<plist>command</plist>")}
		}
	})
	pushed := len(s.push.pushed)
	for range 3 { // the device connects and is just getting it
		if _, b := p.idle(); string(b) != "<plist>command</plist>" {
			t.Errorf("told %q", b)
		}
	}
	if s.nano.calls != 1 || len(s.push.pushed) != pushed+1 {
		t.Errorf("enqueued %d times, pushed %d times", s.nano.calls, len(s.push.pushed)-pushed)
	}
	// A nudge asks again: the other server may have lost its queue.
	clear(s.nano.queues)
	if err := s.engine.Nudge(t.Context(), "S1"); err != nil || len(s.nano.queues[p.udid]) != 1 || len(s.push.pushed) != pushed+2 {
		t.Errorf("%v, queued %q, pushed %d times", err, s.nano.queues, len(s.push.pushed)-pushed)
	}
}

// NanoMDM takes no command twice under one id, and its webhook tells each
// message once: what a device never answers is asked under another id.
func TestWhatTheQueueLosesIsAskedAgain(t *testing.T) {
	s := serveNano(t, "S1")
	p := s.ipad("S1").enrol(1, 1)
	s.steward.set(func(e *ear) {
		e.next = func(plan.Report) *plan.Command { return &plan.Command{UUID: "u", Body: []byte("c")} }
	})
	mislaid := func() (n int) {
		events, _ := s.steward.heard()
		for _, e := range events {
			if e == (custody.Mislaid{Command: "u"}) {
				n++
			}
		}
		return n
	}
	p.idle() // it is enqueued
	for range 3 {
		p.idle()
	}
	if mislaid() != 0 {
		t.Error("given up while the device may just be getting it")
	}
	p.report("NotNow", "u", "")
	for range 3 {
		p.idle()
	}
	if mislaid() != 0 {
		t.Error("given up though the device says NotNow")
	}
	if p.idle(); mislaid() != 1 || s.counted("enqueue_failed mislaid") != 1 {
		t.Errorf("given up %d times, counted %v", mislaid(), s.counts)
	}
}

func TestAServerThatTakesNothing(t *testing.T) {
	s := serveNano(t, "S1")
	p := s.ipad("S1").enrol(1, 1)
	s.steward.set(func(e *ear) {
		e.next = func(plan.Report) *plan.Command { return &plan.Command{UUID: "u", Body: []byte("c")} }
	})
	s.nano.fails = errors.New("the disk is full")
	if status, b := p.idle(); status != http.StatusOK || len(b) != 0 {
		t.Errorf("the device's message was taken: %d %q", status, b)
	}
	if err := s.engine.Nudge(t.Context(), "S1"); err == nil || !strings.Contains(err.Error(), "disk is full") {
		t.Errorf("%v", err)
	}
	if s.counted("enqueue_failed enqueue") != 2 {
		t.Errorf("counted %v", s.counts)
	}
	s.nano.fails = nil
	if err := s.engine.Nudge(t.Context(), "S1"); err != nil || len(s.nano.queues[p.udid]) != 1 {
		t.Errorf("%v, queued %q", err, s.nano.queues)
	}
}

// Without a push certificate of ours the other server wakes the devices.
func TestTheOtherServerMayPush(t *testing.T) {
	s := serveNano(t, "S1")
	p := s.ipad("S1").enrol(1, 1)
	s.engine.Remote.Pushes = true
	if err := s.engine.Nudge(t.Context(), "S1"); err != nil || len(s.nano.pushes) != 1 || s.nano.pushes[0] != p.udid {
		t.Errorf("%v %v", err, s.nano.pushes)
	}
}

func TestWhatARemoteIsMadeOf(t *testing.T) {
	good := mdm.Remote{Queue: &nano{}, MDMURL: "https://mdm.example.org/mdm", Key: make([]byte, 16)}
	for name, spoil := range map[string]func(*mdm.Remote){
		"no queue": func(r *mdm.Remote) { r.Queue = nil }, "a short key": func(r *mdm.Remote) { r.Key = r.Key[:15] },
		"another address": func(r *mdm.Remote) { r.MDMURL = "https://mdm.example.org" }, "nothing": func(*mdm.Remote) {},
	} {
		s := serve(t, custody.ReturnToService, "S1")
		o, r := s.engine.Options, good
		spoil(&r)
		o.Remote = &r
		if _, err := mdm.New(o); (err == nil) != (name == "nothing") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
