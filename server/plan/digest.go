package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// Digest names a ward's plan for a goal by what it does: its steps in order,
// what each waits for, and each command as the ward's policy makes it, with
// example addresses and secrets and every key there is. A plan that was changed,
// or sends another profile, has another digest, so that what was tried of it
// before says nothing of it now. What it makes of a report is code and not in
// the digest, nor are the policy's timings. The names of the steps come along;
// there are none where the fleet kind has no such plan.
func Digest(p custody.Policy, g custody.Goal) (digest string, names []string) {
	type line struct {
		Name, Request, Body                         string
		Destructive, Met, Held, Idle, Settled, Asks bool
	}
	in, row := exampleInputs(p), exampleRow(p, g)
	var lines []line
	for _, s := range steps(p, g) {
		l := line{Name: s.name, Request: s.request, Destructive: s.destructive, Met: s.met != nil, Held: s.held != nil,
			Idle: s.idle, Settled: s.settled, Asks: s.judge != nil}
		if s.body != nil {
			body, err := s.body(exampleID, row, in)
			if err != nil {
				body = []byte("cannot be made") // the error may say more next time, and the plan be the same
			}
			sum := sha256.Sum256(body)
			l.Body = hex.EncodeToString(sum[:])
		}
		lines, names = append(lines, l), append(names, s.name)
	}
	b, err := json.Marshal(struct {
		Fleet  custody.FleetKind
		Target custody.LockTarget
		Goal   custody.Goal
		Steps  []line
	}{p.Fleet, p.Target, g, lines})
	if err != nil { // strings and booleans cannot fail to encode
		panic(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), names
}

const exampleID = "00000000-0000-0000-0000-000000000000"

// exampleInputs are what every digest is made with. The zero version is the
// newest: keys that an older iPadOS is not sent count too.
func exampleInputs(p custody.Policy) Inputs {
	wifi, err := encode.WiFi(encode.WiFiParams{SSID: "example", Passphrase: "not-a-real-passphrase"})
	if err != nil {
		wifi = nil // then every digest is made without one
	}
	return Inputs{
		Policy: p, Organisation: "Example", ServerURL: "https://ipads.hospital.example",
		Topic: "com.apple.mgmt.External." + exampleID, Challenge: "not-a-real-challenge",
		KioskURL:    "https://ipads.hospital.example/kiosk/start/not-a-real-secret",
		UnlockToken: []byte("not a real unlock token"), Bootstrap: []byte("not a real bootstrap token"), WiFi: wifi,
	}
}

func exampleRow(p custody.Policy, g custody.Goal) custody.Custody {
	c := custody.Custody{Device: "EXAMPLE", Epoch: 1, Version: 1, Run: custody.Run{ID: 1, Goal: g, Subject: "example"}}
	if len(p.ManagedApps) > 0 {
		c.Run.Subject = p.ManagedApps[0].BundleID
	}
	return c
}
