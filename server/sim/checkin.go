package sim

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"
)

// Content types of MDM messages (Apple, "MDM check-in" and "MDM command" protocols).
const (
	typeCheckIn = "application/x-apple-aspen-mdm-checkin"
	typeConnect = "application/x-apple-aspen-mdm"
)

// sharedUserID is the UserID of every account on a Shared iPad; UserShortName tells them apart.
const sharedUserID = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"

// client is how the device's own programs, not its browser, speak HTTP.
func (d *Device) client() *http.Client {
	return &http.Client{Transport: d.env.HTTP, Timeout: 30 * time.Second}
}

func (d *Device) authenticate(m *enrolment) dict {
	d.mu.Lock()
	serial := cmp.Or(d.faults.serial, d.opt.Serial)
	d.mu.Unlock()
	return dict{
		"MessageType": "Authenticate", "UDID": d.opt.UDID, "Topic": m.topic,
		"SerialNumber": serial, "DeviceName": d.opt.Name, "Model": d.opt.Model, "ModelName": d.opt.ModelName,
		"ProductName": d.opt.Model, "OSVersion": d.opt.OSVersion, "BuildVersion": d.opt.Build,
	}
}

func (d *Device) tokenUpdate(m *enrolment, awaiting bool) dict {
	msg := dict{
		"MessageType": "TokenUpdate", "UDID": d.opt.UDID, "Topic": m.topic,
		"Token": m.address.token, "PushMagic": m.address.magic, "AwaitingConfiguration": awaiting,
	}
	if len(m.unlock) > 0 {
		msg["UnlockToken"] = m.unlock
	}
	return msg
}

// userTokenUpdate opens the user channel of who is signed in.
func (d *Device) userTokenUpdate(m *enrolment, u *account) dict {
	return dict{
		"MessageType": "TokenUpdate", "UDID": d.opt.UDID, "Topic": m.topic,
		"UserID": sharedUserID, "UserShortName": u.name, "UserLongName": u.name, "NotOnConsole": false,
		"Token": u.address.token, "PushMagic": u.address.magic,
	}
}

func (d *Device) checkIn(ctx context.Context, m *enrolment, msg dict) error {
	_, err := d.put(ctx, m, m.checkInURL, typeCheckIn, msg)
	return err
}

// put sends one signed message.
func (d *Device) put(ctx context.Context, m *enrolment, url, contentType string, msg dict) ([]byte, error) {
	body, err := encodeDict(msg)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("sending a message: %w", err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", "MDM/1.0")
	if m.sign {
		signature, err := d.signer(m).sign(body)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Mdm-Signature", signature)
	}
	return roundTrip(d.client(), req)
}

// planSignIn sends an account's TokenUpdate, again and again until it is answered.
func (d *Device) planSignIn(u *account) {
	d.agenda.at(0, "sign-in "+u.name, func(ctx context.Context) { d.signIn(ctx, u) })
}

func (d *Device) signIn(ctx context.Context, u *account) {
	d.mu.Lock()
	m, here := d.vol.mdm, d.vol.current == u && d.reachable()
	if len(u.address.token) == 0 {
		u.address, _ = newAddress() // without randomness there is none, and it is tried again
	}
	d.mu.Unlock()
	if !here || m == nil || !m.perUser || u.guest() {
		return
	}
	token := fmt.Sprintf("%x", u.address.token)
	d.line.listen(token, m.topic, u.address.magic, func() { d.hear(u.name) })
	err := d.checkIn(ctx, m, d.userTokenUpdate(m, u))
	switch {
	case err == nil:
		d.mu.Lock()
		u.enrolled = true
		d.mu.Unlock()
	case ctx.Err() == nil && !refused(err):
		d.agenda.at(d.env.Timing.Retry, "sign-in "+u.name, func(ctx context.Context) { d.signIn(ctx, u) })
	}
}
