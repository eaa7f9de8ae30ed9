package sim

import (
	"context"
	"fmt"
)

// comeback is how a device returns from an erase.
type comeback struct {
	toService bool   // Return to Service: by itself, without a hand
	network   bool   // it can join one
	profile   []byte // MDMProfileData; empty: what ADE assigns
}

// eraseDevice: the report leaves first, then the device goes dark. Apple: the
// device "responds, but doesn't retry if it isn't successful the first time".
func eraseDevice(d *Device, _ *conversation, cmd dict) result {
	if cmd.has("ReturnToService") && !cmd.dict("ReturnToService").has("Enabled") {
		return formatError()
	}
	if d.opt.Kind == Shared && cmd.bool("DisallowProximitySetup") {
		return failed(codeUnknownCommand, "DisallowProximitySetup is not for Shared iPad")
	}
	back, why := d.comeback(cmd.dict("ReturnToService"))
	if why != "" {
		return failed(codeInstallFailed, why)
	}
	if d.faults.never {
		return result{status: "Acknowledged", then: d.leave(func() { d.phase = dark })}
	}
	return result{status: "Acknowledged", then: d.leave(func() { d.erase(back) })}
}

// leave returns what follows an acknowledged command that takes the device
// away: it hears no more commands, and after a moment away happens (under mu).
func (d *Device) leave(away func()) func() {
	d.leaving = true
	d.agenda.drop("leave")
	v := d.vol
	return func() {
		d.agenda.at(d.env.Timing.Linger, "leave", func(context.Context) {
			d.update(func() {
				if d.vol == v && d.leaving {
					d.leaving = false
					away()
				}
			})
		})
	}
}

// erase destroys the volume and comes back later. Under mu.
func (d *Device) erase(back comeback) {
	d.retireTokens()
	d.agenda.clear()
	d.vol = newVolume()
	d.vol.setup = true
	clear(d.owed)
	clear(d.repoll)
	d.erased++
	d.phase, d.leaving, d.stranded, d.screen = erasing, false, false, false
	d.joined = d.opt.Ethernet
	d.agenda.at(d.env.Timing.Erase, "erase", func(context.Context) {
		d.update(func() { d.setUp(back) })
	})
}

// setUp is the device at Setup Assistant. Under mu.
func (d *Device) setUp(back comeback) {
	d.phase, d.screen = ready, !d.dead
	if !back.toService {
		return // it waits for a hand: FinishSetup
	}
	d.joined = d.joined || back.network
	if !d.joined {
		d.enrolError = "back from an erase, and no network is known: needs hands"
	}
	d.startJoin(back.profile)
}

// startJoin begins an enrolment of Setup Assistant's. Under mu.
func (d *Device) startJoin(raw []byte) {
	if len(raw) == 0 && d.assigned == "" {
		d.enrolError = "no management is assigned to this device"
		return
	}
	d.vol.join = &joining{source: d.assigned, raw: raw, awaiting: true}
}

// retireTokens gives up the push tokens of every channel. Under mu.
func (d *Device) retireTokens() {
	if d.vol.mdm != nil {
		d.line.retire(fmt.Sprintf("%x", d.vol.mdm.address.token))
	}
	for _, u := range d.vol.users {
		d.line.retire(fmt.Sprintf("%x", u.address.token))
		u.address = address{}
	}
}

func restartDevice(d *Device, _ *conversation, _ dict) result {
	return result{status: "Acknowledged", then: d.leave(d.restart)}
}

func shutDownDevice(d *Device, _ *conversation, _ dict) result {
	return result{status: "Acknowledged", then: d.leave(func() { d.phase, d.screen = dark, false })}
}

// restart goes dark for a while. A device with a passcode comes back locked and,
// until somebody unlocks it, without Wi-Fi: its password is behind the passcode.
// Under mu.
func (d *Device) restart() {
	if d.phase == erasing {
		return // it goes on with that
	}
	d.phase, d.screen, d.leaving = dark, false, false
	d.agenda.drop("restart")
	d.agenda.at(d.env.Timing.Restart, "restart", func(context.Context) { d.update(d.booted) })
}

// booted is the end of a restart. Under mu.
func (d *Device) booted() {
	d.phase, d.screen = ready, !d.dead
	if d.vol.passcode != "" {
		d.vol.locked = true
		d.stranded = !d.opt.Ethernet
	}
	if d.vol.current != nil { // a Shared iPad starts at its login window
		d.signOut()
	}
	if d.vol.mdm != nil {
		d.planConnect(d.env.Timing.Reply, "") // assumed: it asks after a start
	}
}
