package sim

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// maxSaid bounds how many of its reports a device can say again.
const maxSaid = 256

// AnswerFormatError makes the device answer every command of a RequestType
// with CommandFormatError: it could not read it (Apple, "Respond to a server's
// command").
func (d *Device) AnswerFormatError(request string) {
	d.fault(func(f *faults) { put(&f.malformed, request, true) })
}

// ShowSerial makes the device name another serial number in its check-ins,
// under the same UDID: a repaired iPad, or one that is not what it says.
func (d *Device) ShowSerial(serial string) { d.fault(func(f *faults) { f.serial = serial }) }

// ReportUnknown makes the device report on a command that nobody sent it.
func (d *Device) ReportUnknown() {
	d.say("unknown", func(c *conversation) []dict {
		return []dict{d.message(c, "Acknowledged", strings.ToUpper(uuid.NewString()))}
	})
}

// SayAgain makes the device repeat every report that it ever made on its own
// channel, the latest first, those of earlier sessions and of earlier
// enrolments included, under the identity that it has now.
func (d *Device) SayAgain() {
	d.say("again", func(*conversation) []dict {
		d.mu.Lock()
		defer d.mu.Unlock()
		var all []dict
		for _, m := range slices.Backward(d.said) {
			all = append(all, maps.Clone(m))
		}
		return all
	})
}

// say sends messages on a connection of their own. What they are answered is
// not carried out: the device asks again afterwards.
func (d *Device) say(key string, messages func(*conversation) []dict) {
	d.agenda.at(0, "say "+key, func(ctx context.Context) {
		d.mu.Lock()
		c, up := &conversation{vol: d.vol, mdm: d.vol.mdm}, d.reachable()
		d.mu.Unlock()
		if c.mdm == nil || !up {
			return
		}
		for _, m := range messages(c) {
			if _, err := d.exchange(ctx, c, m); err != nil {
				d.logger().Debug("a stray report was not taken", "error", err)
				break
			}
		}
		d.planConnect(0, "")
	})
}

// remember keeps a report of the device channel for [Device.SayAgain].
func (d *Device) remember(c *conversation, msg dict) {
	if c.channel != "" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.said) == maxSaid {
		d.said = d.said[1:]
	}
	d.said = append(d.said, maps.Clone(msg))
}
