package sim

import (
	"context"
	"errors"
	"net/http"
)

// maxCommands bounds one connection; a server that has more waits for the next push.
const maxCommands = 500

// conversation is one connection of one channel, under the management and on
// the volume it began with.
type conversation struct {
	channel string // empty: the device's; otherwise an account's
	vol     *volume
	mdm     *enrolment
	user    *account // of the user channel
}

// connect asks the server for commands and carries them out, until there are none.
func (d *Device) connect(ctx context.Context, channel string) {
	c, msg := d.begin(channel)
	if c == nil {
		return
	}
	if msg == nil {
		msg = d.message(c, "Idle", "")
	}
	d.converse(ctx, c, msg)
}

// begin opens a conversation, with the report that is still owed if there is one.
func (d *Device) begin(channel string) (*conversation, dict) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.vol
	if v.mdm == nil {
		return nil, nil
	}
	if !d.reachable() {
		d.owed[channel] = true
		return nil, nil
	}
	c := &conversation{channel: channel, vol: v, mdm: v.mdm}
	if channel != "" {
		if v.current == nil || v.current.name != channel || !v.current.enrolled {
			return nil, nil
		}
		c.user = v.current
	}
	msg := v.reports[channel]
	delete(v.reports, channel)
	return c, msg
}

// message is a report, or Idle when there is nothing to report.
func (d *Device) message(c *conversation, status, command string) dict {
	msg := dict{"UDID": d.opt.UDID, "Status": status}
	if command != "" {
		msg["CommandUUID"] = command
	}
	if c.channel != "" {
		msg["UserID"], msg["UserShortName"], msg["UserLongName"] = sharedUserID, c.channel, c.channel
	}
	return msg
}

// converse sends msg, carries out what is answered, and so on.
func (d *Device) converse(ctx context.Context, c *conversation, msg dict) {
	for range maxCommands {
		cmd, err := d.exchange(ctx, c, msg)
		if err != nil {
			d.brokenOff(c, msg, err)
			return
		}
		if cmd == nil {
			d.hangUp(c, msg.str("Status"))
			return
		}
		if pause(ctx, d.env.Clock, d.env.Timing.Reply) != nil || !d.holds(c.vol) {
			return // not carried out: the server will have to say it again
		}
		r := d.execute(c, cmd)
		if r.renew != nil {
			r = d.renew(ctx, c, *r.renew)
		}
		msg = d.message(c, r.status, cmd.str("CommandUUID"))
		for k, v := range r.fields {
			msg[k] = v
		}
		d.remember(c, msg)
		if !d.deliver(ctx, c, cmd.dict("Command").str("RequestType"), msg, r) {
			return
		}
	}
}

// deliver plays a report's faults and what follows it. It answers whether the
// conversation goes on with msg.
func (d *Device) deliver(ctx context.Context, c *conversation, request string, msg dict, r result) bool {
	lost, late, twice := d.reportFaults(request)
	switch {
	case lost:
	case late > 0:
		d.agenda.at(late, "report "+msg.str("CommandUUID"), func(ctx context.Context) {
			if d.holds(c.vol) {
				d.converse(ctx, c, msg)
				return
			}
			d.keep(c, msg)
		})
	case twice: // the first answer is lost on the way, so the report is repeated
		_, _ = d.exchange(ctx, c, msg)
	}
	if r.then != nil {
		if !lost && late == 0 { // said once: what follows does not wait for an answer
			_, _ = d.exchange(ctx, c, msg)
		}
		r.then()
		return false
	}
	return !lost && late == 0
}

// exchange sends one message and reads the command that is answered (nil: none).
func (d *Device) exchange(ctx context.Context, c *conversation, msg dict) (dict, error) {
	body, err := d.put(ctx, c.mdm, c.mdm.serverURL, typeConnect, msg)
	if err != nil || len(body) == 0 {
		return nil, err
	}
	return decodeDict(body)
}

// brokenOff keeps an undelivered report and tries again later. A 401 ends the
// management: iOS takes it as being unenrolled.
func (d *Device) brokenOff(c *conversation, msg dict, err error) {
	var h *httpError
	if errors.As(err, &h) && h.status == http.StatusUnauthorized {
		d.update(func() {
			if d.vol == c.vol && d.vol.mdm == c.mdm {
				d.unmanage("the server answered 401")
			}
		})
		return
	}
	d.logger().Debug("connection broken off", "error", err)
	if !refused(err) {
		d.keep(c, msg)
		d.planConnect(d.env.Timing.Retry, c.channel)
	}
}

// keep holds a report until the next connection.
func (d *Device) keep(c *conversation, msg dict) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.vol == c.vol && msg.str("Status") != "Idle" {
		d.vol.reports[c.channel] = msg
	}
}

// hangUp ends a conversation. The device comes back by itself only if its last
// word was NotNow (Apple, "Respond to a server's command").
func (d *Device) hangUp(c *conversation, last string) {
	if last != "NotNow" {
		return
	}
	d.mu.Lock()
	if d.vol == c.vol {
		d.repoll[c.channel] = true
	}
	d.mu.Unlock()
	d.update(func() {}) // what was in the way may be over already
}

// unmanage ends the management: tokens, managed profiles and apps go, people's
// data stays. Under mu.
func (d *Device) unmanage(why string) {
	v := d.vol
	d.retireTokens()
	v.mdm, v.awaiting, d.enrolError = nil, false, why
	clear(v.reports)
	var profiles []profile
	for _, p := range v.profiles {
		if !p.managed {
			profiles = append(profiles, p)
		}
	}
	v.profiles, v.apps = profiles, nil
	for _, u := range v.users {
		u.profiles, u.enrolled = nil, false
	}
}
