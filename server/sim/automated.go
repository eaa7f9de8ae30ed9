package sim

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
)

// SetUpBy is [Device.Assign] as Apple does it: at Setup Assistant the device
// sends what it is, signed by the identity that Apple gave it (Apple:
// "MachineInfo"), and gets its enrolment profile for that. sign is Apple's part.
func (d *Device) SetUpBy(enrolURL string, sign func(info []byte) ([]byte, error)) {
	d.update(func() { d.vouch = sign })
	d.Assign(enrolURL)
}

// profileRequest asks for the enrolment profile.
func (d *Device) profileRequest(ctx context.Context, source string) (*http.Request, error) {
	d.mu.Lock()
	sign := d.vouch
	d.mu.Unlock()
	if sign == nil {
		return http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
	}
	info, err := encodeDict(dict{
		"SERIAL": d.opt.Serial, "UDID": d.opt.UDID, "PRODUCT": d.opt.Model, "VERSION": d.opt.Build, "OS_VERSION": d.opt.OSVersion,
		"LANGUAGE": "en", "MDM_CAN_REQUEST_SOFTWARE_UPDATE": true,
	})
	if err != nil {
		return nil, err
	}
	message, err := sign(info)
	if err != nil {
		return nil, fmt.Errorf("signing what the device is: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, source, bytes.NewReader(message))
	if err == nil {
		req.Header.Set("Content-Type", "application/pkcs7-signature")
	}
	return req, err
}
