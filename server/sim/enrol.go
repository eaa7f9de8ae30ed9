package sim

import (
	"context"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"strings"
)

// joining is an enrolment under way. Its progress is kept, so that what failed
// for want of a network is tried again from there.
type joining struct {
	source   string // where the enrolment profile is fetched; empty: raw was given
	raw      []byte
	awaiting bool // by Setup Assistant: it waits for DeviceConfigured

	profile       *profile
	mdm           *enrolment
	authenticated bool
}

// errProfile is an enrolment profile that a device refuses.
var errProfile = errors.New("the enrolment profile is not usable")

// join is the agenda's task that carries an enrolment through.
func (d *Device) join(ctx context.Context) {
	d.mu.Lock()
	v, j, up := d.vol, d.vol.join, d.reachable()
	d.mu.Unlock()
	if j == nil || !up {
		return // catchUp plans it again
	}
	err := d.enrol(ctx, v, j)
	switch {
	case err == nil || ctx.Err() != nil:
	case errors.Is(err, errProfile) || errors.Is(err, errSCEPRefused) || refused(err):
		d.logger().Warn("enrolment refused", "error", err)
		d.update(func() { d.enrolError, v.join, v.setup = err.Error(), nil, true })
	default:
		d.logger().Debug("enrolment will be tried again", "error", err)
		d.agenda.at(d.env.Timing.Retry, "join", d.join)
	}
}

// enrol goes through the steps that are not done yet.
func (d *Device) enrol(ctx context.Context, v *volume, j *joining) error {
	if j.mdm == nil {
		if err := d.fetchProfile(ctx, j); err != nil {
			return err
		}
		mdm, err := d.obtain(ctx, j.profile)
		if err != nil {
			return err
		}
		j.mdm = mdm
	}
	if !j.authenticated {
		if err := d.checkIn(ctx, j.mdm, d.authenticate(j.mdm)); err != nil {
			return fmt.Errorf("checking in (Authenticate): %w", err)
		}
		j.authenticated = true
	}
	d.line.listen(fmt.Sprintf("%x", j.mdm.address.token), j.mdm.topic, j.mdm.address.magic, func() { d.hear("") })
	if err := d.checkIn(ctx, j.mdm, d.tokenUpdate(j.mdm, j.awaiting)); err != nil {
		return fmt.Errorf("checking in (TokenUpdate): %w", err)
	}
	d.update(func() { d.enrolled(v, j) })
	return nil
}

// enrolled settles a finished enrolment. Under mu.
func (d *Device) enrolled(v *volume, j *joining) {
	if d.vol != v || v.join != j { // erased meanwhile
		d.line.retire(fmt.Sprintf("%x", j.mdm.address.token))
		return
	}
	if v.mdm != nil { // enrolled again over a management that was there
		d.line.retire(fmt.Sprintf("%x", v.mdm.address.token))
		clear(v.reports)
	}
	v.mdm, v.join, v.setup, v.awaiting, d.enrolError = j.mdm, nil, false, j.awaiting, ""
	j.profile.managed = true
	v.profiles = install(v.profiles, *j.profile)
	if j.awaiting { // Setup Assistant asks the server what to do next
		d.planConnect(d.env.Timing.Reply, "")
	}
	if v.current != nil && !v.current.enrolled {
		d.planSignIn(v.current)
	}
}

func (d *Device) fetchProfile(ctx context.Context, j *joining) error {
	if j.profile != nil {
		return nil
	}
	if len(j.raw) == 0 {
		req, err := d.profileRequest(ctx, j.source)
		if err != nil {
			return fmt.Errorf("%w: %w", errProfile, err)
		}
		if j.raw, err = roundTrip(d.client(), req); err != nil {
			return fmt.Errorf("fetching the enrolment profile: %w", err)
		}
	}
	p, err := parseProfile(j.raw)
	if err != nil {
		return fmt.Errorf("%w: %w", errProfile, err)
	}
	j.profile = &p
	return nil
}

// obtain reads the profile's MDM payload and gets the identity it names.
func (d *Device) obtain(ctx context.Context, p *profile) (*enrolment, error) {
	mdm, err := d.readMDM(p)
	if err != nil {
		return nil, err
	}
	payload, _ := p.payload(typeMDM)
	scep, ok := p.payload(typeSCEP)
	if !ok || scep.str("PayloadUUID") != payload.str("IdentityCertificateUUID") {
		return nil, fmt.Errorf("%w: IdentityCertificateUUID names no SCEP payload", errProfile)
	}
	content := scep.dict("PayloadContent")
	if mdm.id, err = d.certify(ctx, content); err != nil {
		return nil, fmt.Errorf("getting an identity certificate: %w", err)
	}
	if mdm.address, err = newAddress(); err != nil {
		return nil, err
	}
	if d.opt.Kind == OneUser { // Apple: UnlockToken is never sent by a Shared iPad
		escrow, err := newAddress()
		if err != nil {
			return nil, err
		}
		mdm.unlock = escrow.token
	}
	return mdm, nil
}

func (d *Device) readMDM(p *profile) (*enrolment, error) {
	payload, ok := p.payload(typeMDM)
	if !ok {
		return nil, fmt.Errorf("%w: it has no com.apple.mdm payload", errProfile)
	}
	m := &enrolment{
		topic: payload.str("Topic"), serverURL: payload.str("ServerURL"), checkInURL: payload.str("CheckInURL"),
		profile: p.identifier, sign: payload.bool("SignMessage"), checkOut: payload.bool("CheckOutWhenRemoved"),
	}
	for _, c := range payload.strs("ServerCapabilities") {
		m.perUser = m.perUser || c == perUserCapacity
	}
	if m.checkInURL == "" {
		m.checkInURL = m.serverURL
	}
	switch {
	case !strings.HasPrefix(m.topic, "com.apple.mgmt."):
		return nil, fmt.Errorf("%w: Topic %q does not begin with com.apple.mgmt.", errProfile, m.topic)
	case m.serverURL == "":
		return nil, fmt.Errorf("%w: no ServerURL", errProfile)
	case payload.int("AccessRights") == 0:
		return nil, fmt.Errorf("%w: no AccessRights", errProfile)
	case d.opt.Kind == Shared && !m.perUser:
		return nil, fmt.Errorf("%w: Shared iPad needs the %s capability", errProfile, perUserCapacity)
	}
	return m, nil
}

// certify makes a key and has it certified by SCEP.
func (d *Device) certify(ctx context.Context, content dict) (identity, error) {
	key, err := d.env.Keys.Key(ctx)
	if err != nil {
		return identity{}, err
	}
	subject := subjectOf(content)
	csr, err := newCSR(key, subject, content.str("Challenge"))
	if err != nil {
		return identity{}, err
	}
	c := scepClient{http: d.client(), url: content.str("URL"), fingerprint: content.data("CAFingerprint")}
	return c.enrol(ctx, csr, key, subject.CommonName)
}

// subjectOf reads a SCEP payload's Subject: an array of relative names, each an
// array of [attribute, value] pairs.
func subjectOf(content dict) pkix.Name {
	var n pkix.Name
	outer, _ := content["Subject"].([]any)
	for _, rdn := range outer {
		pairs, _ := rdn.([]any)
		for _, pair := range pairs {
			kv, _ := pair.([]any)
			if len(kv) != 2 {
				continue
			}
			key, _ := kv[0].(string)
			value, _ := kv[1].(string)
			switch key {
			case "CN":
				n.CommonName = value
			case "O":
				n.Organization = append(n.Organization, value)
			case "OU":
				n.OrganizationalUnit = append(n.OrganizationalUnit, value)
			}
		}
	}
	return n
}
