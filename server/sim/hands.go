package sim

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Assign is what Automated Device Enrolment does: it names where the device
// fetches its enrolment profile. A device in its box is set up at once; later
// ones go there after an erase.
func (d *Device) Assign(enrolURL string) {
	d.update(func() {
		d.assigned = enrolURL
		if d.vol.setup && d.erased == 0 && d.vol.join == nil {
			d.startJoin(nil)
		}
	})
}

// FinishSetup is a hand at Setup Assistant after an erase: it joins the Wi-Fi
// and lets the device enrol where it is assigned.
func (d *Device) FinishSetup() {
	d.update(func() {
		d.joined = true
		if d.vol.setup && d.vol.mdm == nil && d.vol.join == nil {
			d.startJoin(nil)
		}
	})
}

// EnrolByHand is a person who opens an enrolment link on a device that is set
// up: it does not wait for DeviceConfigured.
func (d *Device) EnrolByHand(enrolURL string) {
	d.update(func() { d.vol.setup, d.vol.join = false, &joining{source: enrolURL} })
}

// SetPasscode is the holder setting a passcode in Settings.
func (d *Device) SetPasscode(passcode string) error {
	var err error
	d.update(func() {
		for _, p := range d.vol.profiles {
			if len(passcode) < p.minLength {
				err = fmt.Errorf("the passcode policy wants %d digits", p.minLength)
				return
			}
		}
		switch {
		case d.opt.Kind == Shared:
			err = errors.New("a Shared iPad has no passcode of its own")
		case d.vol.locked:
			err = errors.New("the device is locked")
		default:
			d.vol.passcode = passcode
		}
	})
	return err
}

// Unlock is a person at a lit lock screen with the passcode, or with the
// account's password on a Shared iPad.
func (d *Device) Unlock(passcode string) error {
	var err error
	d.update(func() {
		switch {
		case !d.screen || d.dead || d.phase != ready:
			err = errors.New("the screen is off")
		case d.vol.passcode != "" && d.vol.passcode != passcode:
			err = errors.New("wrong passcode")
		default:
			d.vol.locked, d.stranded = false, false
		}
	})
	return err
}

// ScreenOff is the side button: the screen goes dark, and what has a passcode locks.
func (d *Device) ScreenOff() { d.update(func() { d.lock() }) }

// Sleep puts the device into deep sleep: pushes wait until it wakes.
func (d *Device) Sleep() { d.update(func() { d.lock(); d.asleep = true }) }

// Wake lights the screen; a lock stays.
func (d *Device) Wake() {
	d.update(func() { d.asleep, d.screen = false, d.phase != dark && d.phase != erasing && !d.dead })
}

// WifiOff carries the device out of reach of its network.
func (d *Device) WifiOff() { d.update(func() { d.inRange = false }) }

// WifiOn brings it back; a hand types the password if an erase has forgotten it.
func (d *Device) WifiOn() { d.update(func() { d.inRange, d.joined = true, true }) }

// BatteryDead stops everything the device does.
func (d *Device) BatteryDead() {
	d.update(func() { d.dead, d.screen, d.battery = true, false, 0 })
}

// Drained leaves the battery at a level of 0 to 1.
func (d *Device) Drained(level float64) { d.update(func() { d.battery = level }) }

// Charge brings a dead device back, as a restart does.
func (d *Device) Charge() {
	d.update(func() {
		d.battery = 1
		if d.dead {
			d.dead = false
			d.restart()
		}
	})
}

// Restart is a hand on the buttons: the only way back for a device that never returned.
func (d *Device) Restart() { d.update(d.restart) }

// EraseByHand erases the device in Settings or by a cable; it then waits at
// Setup Assistant for FinishSetup.
func (d *Device) EraseByHand() { d.update(func() { d.erase(comeback{}) }) }

// RemoveManagement removes the enrolment profile. The device tells its server
// (CheckOut) if the profile asked for that and the network allows.
func (d *Device) RemoveManagement() {
	d.mu.Lock()
	m, up := d.vol.mdm, d.reachable()
	d.mu.Unlock()
	if m == nil {
		return
	}
	d.update(func() { d.unmanage("the management was removed by hand") })
	if !m.checkOut || !up {
		return
	}
	d.agenda.at(0, "check-out", func(ctx context.Context) {
		msg := dict{"MessageType": "CheckOut", "UDID": d.opt.UDID, "Topic": m.topic}
		if err := d.checkIn(ctx, m, msg); err != nil { // Apple: sent once, as far as possible
			d.logger().Debug("check-out not delivered", "error", err)
		}
	})
}

// BringToFront and PutAway say whether the badge page is what the screen shows.
// Under an app lock it always is.
func (d *Device) BringToFront() { d.update(func() { d.vol.front = true }) }

// PutAway opens another app in front of the badge page.
func (d *Device) PutAway() { d.update(func() { d.vol.front = false }) }

// AppleSignIn signs an account in on a Shared iPad; an empty one is a guest's
// temporary session. The device opens a user channel for an account, none for a guest.
func (d *Device) AppleSignIn(name string) error {
	var err error
	d.update(func() {
		v := d.vol
		switch {
		case d.opt.Kind != Shared:
			err = errors.New("only a Shared iPad has Apple accounts")
		case v.mdm == nil || v.awaiting || !d.online():
			err = errors.New("the device is not at its login window")
		case name != "" && v.guestsOnly():
			err = errors.New("the login window offers temporary sessions only")
		case v.current != nil:
			err = fmt.Errorf("%s is signed in", v.current.name)
		default:
			d.signedIn(name)
		}
	})
	return err
}

// signedIn opens name's volume. Under mu.
func (d *Device) signedIn(name string) {
	u := d.vol.user(name)
	if u == nil {
		u = &account{name: name, web: newWeb()}
		d.vol.users = append(d.vol.users, u)
	}
	d.vol.current, d.vol.locked, d.screen = u, false, true
	if !u.guest() {
		d.planSignIn(u)
	}
}

// AppleSignOut is the person signing out on the device.
func (d *Device) AppleSignOut() { d.update(d.signOut) }

// Unsynced leaves data of an account's that takes long to upload; 0 or less: it
// never is.
func (d *Device) Unsynced(name string, long time.Duration) {
	d.update(func() {
		if u := d.vol.user(name); u != nil {
			u.unsynced, u.forever = d.now().Add(long), long <= 0
		}
	})
}

// RenewToken makes the device take a new push token, as iPadOS does now and
// then, and tell its server of it (TokenUpdate).
func (d *Device) RenewToken() error {
	fresh, err := newAddress()
	if err != nil {
		return err
	}
	var m *enrolment
	d.update(func() {
		if m = d.vol.mdm; m == nil {
			return
		}
		d.line.retire(fmt.Sprintf("%x", m.address.token))
		m.address = fresh
		d.line.listen(fmt.Sprintf("%x", fresh.token), m.topic, fresh.magic, func() { d.hear("") })
	})
	if m == nil {
		return errors.New("the device is not managed")
	}
	d.agenda.at(0, "token", func(ctx context.Context) { d.tellToken(ctx, m) })
	return nil
}

func (d *Device) tellToken(ctx context.Context, m *enrolment) {
	d.mu.Lock()
	here, msg := d.vol.mdm == m && d.reachable(), d.tokenUpdate(m, false)
	d.mu.Unlock()
	if !here {
		return
	}
	if err := d.checkIn(ctx, m, msg); err != nil && !refused(err) {
		d.agenda.at(d.env.Timing.Retry, "token", func(ctx context.Context) { d.tellToken(ctx, m) })
	}
}
