package sim

import (
	"context"
	"errors"
	"fmt"
)

// ReturnToService is a hand, or the device's idle timer, that wants the device
// erased. From iOS 26.0 on, one in return-to-service mode asks its server what
// it is to come back by, and erases itself only by that answer (Apple: "Return
// To Service" check-in). It returns what the server refused with.
func (d *Device) ReturnToService(ctx context.Context) error {
	d.mu.Lock()
	m, v, up := d.vol.mdm, d.vol, d.reachable()
	d.mu.Unlock()
	switch {
	case !d.opt.ReturnMode || d.opt.Kind != OneUser || !d.asksItself():
		return errors.New("it is not in return-to-service mode")
	case m == nil || !up:
		return errors.New("it cannot ask its server")
	}
	answer, err := d.put(ctx, m, m.checkInURL, typeCheckIn, dict{"MessageType": "ReturnToService", "UDID": d.opt.UDID})
	if err != nil {
		return fmt.Errorf("asking for Return to Service settings: %w", err)
	}
	settings, err := decodeDict(answer)
	if err != nil {
		return fmt.Errorf("reading Return to Service settings: %w", err)
	}
	back, why := d.comeback(settings.dict("ReturnToService"))
	switch {
	case why != "":
		return errors.New(why)
	case !back.toService:
		return errors.New("the settings do not enable Return to Service")
	}
	d.update(func() {
		if d.vol == v {
			d.erase(back)
		}
	})
	return nil
}

// asksItself reports whether the device's version knows the check-in.
func (d *Device) asksItself() bool {
	var major int
	_, err := fmt.Sscanf(d.opt.OSVersion, "%d", &major)
	return err == nil && major >= 26
}

// comeback reads what a device comes back by, and says in why what is wrong with it.
func (d *Device) comeback(rts dict) (back comeback, why string) {
	back = comeback{toService: rts.bool("Enabled"), network: d.opt.Ethernet, profile: rts.data("MDMProfileData")}
	if wifi := rts.data("WiFiProfileData"); len(wifi) > 0 {
		p, err := parseProfile(wifi)
		if err != nil {
			return back, "WiFiProfileData: " + err.Error()
		}
		_, back.network = p.payload(typeWiFi)
	}
	if len(back.profile) > 0 {
		if _, err := parseProfile(back.profile); err != nil {
			return back, "MDMProfileData: " + err.Error()
		}
	}
	return back, ""
}
