package sim

import (
	"context"
	"fmt"
)

// sameManagement says what keeps p from replacing the profile that the device is
// managed by, or "". Apple ("MDM"): topic, addresses and what the payload
// promises must not change; "CommonPayloadKeys": a payload is updated in place
// only under its own identifier and UUID. Under mu.
func (d *Device) sameManagement(c *conversation, p profile) string {
	next, err := d.readMDM(&p)
	if err != nil {
		return err.Error()
	}
	m := c.mdm
	if c.user != nil || p.identifier != m.profile {
		return "a second management cannot be installed"
	}
	if next.topic != m.topic || next.serverURL != m.serverURL || next.checkInURL != m.checkInURL ||
		next.sign != m.sign || next.checkOut != m.checkOut || next.perUser != m.perUser {
		return "an update of the management changes what it may not"
	}
	for _, have := range d.vol.profiles {
		if have.identifier != p.identifier {
			continue
		}
		was, _ := have.payload(typeMDM)
		is, _ := p.payload(typeMDM)
		if was.str("PayloadUUID") != is.str("PayloadUUID") || have.uuid != p.uuid {
			return "the management has another UUID"
		}
	}
	return ""
}

// renew gets a new identity for the profile that replaces the management's, and
// goes on under it. It says Authenticate and TokenUpdate again, as devices were
// seen to do with other servers; nothing on it is erased.
func (d *Device) renew(ctx context.Context, c *conversation, p profile) result {
	next, err := d.obtain(ctx, &p)
	if err != nil {
		return failed(codeInstallFailed, err.Error())
	}
	next.unlock = c.mdm.unlock // it is the passcode's, not the certificate's
	if err := d.checkIn(ctx, next, d.authenticate(next)); err != nil {
		return failed(codeInstallFailed, fmt.Sprintf("checking in (Authenticate): %v", err))
	}
	d.line.listen(fmt.Sprintf("%x", next.address.token), next.topic, next.address.magic, func() { d.hear("") })
	if err := d.checkIn(ctx, next, d.tokenUpdate(next, false)); err != nil {
		return failed(codeInstallFailed, fmt.Sprintf("checking in (TokenUpdate): %v", err))
	}
	d.update(func() {
		if d.vol != c.vol || d.vol.mdm != c.mdm { // erased meanwhile
			d.line.retire(fmt.Sprintf("%x", next.address.token))
			return
		}
		d.line.retire(fmt.Sprintf("%x", c.mdm.address.token))
		p.managed = true
		d.vol.mdm, c.mdm = next, next
		d.vol.profiles = install(d.vol.profiles, p)
	})
	return acknowledged(nil)
}
