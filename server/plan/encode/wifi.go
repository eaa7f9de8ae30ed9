package encode

import "fmt"

// WiFiParams are a network that every iPad of a ward joins with one passphrase.
type WiFiParams struct {
	SSID       string
	Passphrase string // WPA2 or WPA3 personal: 8 to 63 characters
	Hidden     bool
	// WPA3Only joins nothing older than WPA3 (iOS 16.0); otherwise WPA2 is joined too.
	WPA3Only bool
}

// encryption is the payload's EncryptionType. "WPA2" joins WPA3 networks too,
// and before iOS 16.0 "WPA3" is read as "WPA2" is (Apple: "Wi-Fi").
func encryption(wpa3Only bool) string {
	if wpa3Only {
		return "WPA3"
	}
	return "WPA2"
}

type wifi struct {
	header
	AutoJoin       bool
	EncryptionType string
	HiddenNetwork  bool `plist:"HIDDEN_NETWORK"`
	Password       secret
	SSID           string `plist:"SSID_STR"`
}

// WiFi joins a network with a passphrase (Apple: "Wi-Fi", iOS 4.0). An erased
// iPad needs such a profile to come back by itself: an identity for EAP-TLS
// that comes by SCEP cannot be fetched before there is a network. Device
// channel.
func WiFi(p WiFiParams) ([]byte, error) {
	// IEEE 802.11: an SSID has 1 to 32 octets, a passphrase 8 to 63 characters.
	if len(p.SSID) == 0 || len(p.SSID) > 32 || len(p.Passphrase) < 8 || len(p.Passphrase) > 63 {
		return nil, fmt.Errorf("rendering profile %s: want an SSID of 1 to 32 bytes and a passphrase of 8 to 63", WiFiID)
	}
	// The passphrase stays out of the inputs: a UUID made from it would let
	// anybody who reads a profile list try passphrases against it.
	d := draft{identifier: WiFiID, name: "Ward Wi-Fi", inputs: []string{p.SSID, fmt.Sprint(p.Hidden, p.WPA3Only)}}
	return d.render(wifi{
		header:   d.head("network", wifiType, "Wi-Fi"),
		AutoJoin: true, EncryptionType: encryption(p.WPA3Only), HiddenNetwork: p.Hidden, Password: secret(p.Passphrase), SSID: p.SSID,
	})
}
