package sim

// shelf is where a channel's profiles are kept.
func (d *Device) shelf(c *conversation) *[]profile {
	if c.user != nil {
		return &c.user.profiles
	}
	return &d.vol.profiles
}

func installProfile(d *Device, c *conversation, cmd dict) result {
	if !cmd.has("Payload") {
		return formatError()
	}
	p, err := parseProfile(cmd.data("Payload"))
	if err == nil {
		err = p.allowed(d.opt.Kind, c.user != nil)
	}
	if err != nil {
		return failed(codeInstallFailed, err.Error())
	}
	if _, ok := p.payload(typeMDM); ok {
		if why := d.sameManagement(c, p); why != "" {
			return failed(codeInstallFailed, why)
		}
		return result{status: "Acknowledged", renew: &p}
	}
	p.managed = true
	ps := d.shelf(c)
	*ps = install(*ps, p)
	return acknowledged(nil)
}

func removeProfile(d *Device, c *conversation, cmd dict) result {
	id := cmd.str("Identifier")
	if id == "" {
		return formatError()
	}
	ps := d.shelf(c)
	left, ok := uninstall(*ps, id)
	if !ok || id == c.mdm.profile { // the enrolment goes by RemoveManagement only
		return failed(codeNoProfile, "no such profile was installed by the server")
	}
	*ps = left
	return acknowledged(nil)
}

func profileList(d *Device, c *conversation, cmd dict) result {
	list := []any{}
	for _, p := range *d.shelf(c) {
		if cmd.bool("ManagedOnly") && !p.managed {
			continue
		}
		content := []any{}
		for _, x := range p.payloads {
			content = append(content, map[string]any{
				"PayloadIdentifier": x.str("PayloadIdentifier"), "PayloadType": x.str("PayloadType"),
				"PayloadVersion": x.int("PayloadVersion"), "PayloadUUID": x.str("PayloadUUID"),
			})
		}
		list = append(list, map[string]any{
			"PayloadIdentifier": p.identifier, "PayloadUUID": p.uuid, "PayloadDisplayName": p.name, "PayloadVersion": 1,
			"HasRemovalPasscode": false, "IsEncrypted": false, "IsManaged": p.managed, "PayloadContent": content,
		})
	}
	return acknowledged(dict{"ProfileList": list})
}
