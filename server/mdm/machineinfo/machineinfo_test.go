package machineinfo

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/mdm/machineinfo/devicetest"
	"github.com/padwarden/padwarden/server/mdm/plistguard"
)

func keys(more string) []byte {
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict><key>LANGUAGE</key><string>en</string>%s</dict></plist>`, more)
}

const device = `<key>SERIAL</key><string>S1</string><key>UDID</key><string>U1</string><key>PRODUCT</key><string>iPad13,18</string>
<key>OS_VERSION</key><string>18.2</string><key>MDM_CAN_REQUEST_SOFTWARE_UPDATE</key><true/>`

func TestWhatADeviceSays(t *testing.T) {
	apple := devicetest.NewAuthority(t)
	info, err := Issuers{apple.Certificate}.Read(apple.Sign(t, keys(device)))
	if want := (Info{"S1", "U1", "iPad13,18", "18.2", true}); err != nil || info != want {
		t.Fatalf("%+v, %v", info, err)
	}
	old := `<key>SERIAL</key><string>S1</string><key>UDID</key><string>U1</string><key>VERSION</key><string>19H12</string>`
	if info, err := (Issuers{apple.Certificate}).Read(apple.Sign(t, keys(old))); err != nil || info.OSVersion != "" || info.CanUpdate {
		t.Errorf("before iOS 17: %+v, %v", info, err)
	}
}

func TestWhoIsNotBelieved(t *testing.T) {
	apple, other := devicetest.NewAuthority(t), devicetest.NewAuthority(t)
	good := apple.Sign(t, keys(device))
	changed := []byte(strings.Replace(string(good), ">S1<", ">S2<", 1))
	if string(changed) == string(good) {
		t.Fatal("the message does not hold its content in clear")
	}
	for name, c := range map[string]struct {
		message []byte
		want    error
	}{
		"nobody's":             {keys(device), ErrMessage},
		"nothing":              {nil, ErrMessage},
		"too long":             {make([]byte, MaxMessage+1), ErrMessage},
		"cut":                  {good[:len(good)/2], ErrMessage},
		"another's device":     {other.Sign(t, keys(device)), ErrSignature},
		"signed by itself":     {devicetest.SelfSigned(t, keys(device)), ErrSignature},
		"its own name, forged": {other.Named(t, apple.Certificate).Sign(t, keys(device)), ErrSignature},
		"by the authority":     {apple.SignItself(t, keys(device)), ErrSignature},
		"changed":              {changed, ErrSignature},
		"detached":             {apple.Detached(t, keys(device)), ErrSignature},
		"no device":            {apple.Sign(t, keys("")), ErrContent},
		"no UDID":              {apple.Sign(t, keys(`<key>SERIAL</key><string>S1</string>`)), ErrContent},
		"a binary plist":       {apple.Sign(t, []byte("bplist00...")), plistguard.ErrBinary},
		"an entity":            {apple.Sign(t, []byte(`<!DOCTYPE plist [<!ENTITY a "b">]><plist version="1.0"><dict/></plist>`)), plistguard.ErrDoctype},
		"deep":                 {apple.Sign(t, keys("<key>x</key>"+strings.Repeat("<array>", 40)+strings.Repeat("</array>", 40))), plistguard.ErrTooDeep},
		"a long serial":        {apple.Sign(t, keys(`<key>UDID</key><string>U1</string><key>SERIAL</key><string>`+strings.Repeat("S", 65)+`</string>`)), ErrContent},
		"a number":             {apple.Sign(t, keys(`<key>UDID</key><string>U1</string><key>SERIAL</key><integer>1</integer>`)), ErrContent},
	} {
		if info, err := (Issuers{apple.Certificate}).Read(c.message); !errors.Is(err, c.want) || info != (Info{}) {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
	}
	if _, err := (Issuers{}).Read(good); !errors.Is(err, ErrSignature) {
		t.Errorf("with no issuers at all: %v", err)
	}
}

// TestApple: the authority that is embedded is the one that Apple printed.
func TestApple(t *testing.T) {
	is := Apple()
	sum := sha256.Sum256(is[0].Raw)
	if len(is) != 1 || is[0].Subject.CommonName != "Apple iPhone Device CA" || !is[0].IsCA || is[0].SignatureAlgorithm != x509.SHA1WithRSA ||
		hex.EncodeToString(sum[:]) != appleSHA256 {
		t.Errorf("%s %x", is[0].Subject, sum)
	}
	if again, err := Parse(deviceCA); err != nil || len(again) != 1 {
		t.Errorf("its PEM: %v", err)
	}
	for _, bad := range []string{"", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if _, err := Parse([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// FuzzRead: no message makes it panic, and none is believed that the authority's
// device did not sign.
func FuzzRead(f *testing.F) {
	apple := devicetest.NewAuthority(f)
	good := apple.Sign(f, keys(device))
	f.Add(good)
	f.Add(apple.Detached(f, keys(device)))
	f.Add(devicetest.SelfSigned(f, keys(device)))
	f.Add(keys(device))
	f.Add([]byte{0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, 0xa0, 0x80, 0, 0, 0, 0})
	is := Issuers{apple.Certificate}
	f.Fuzz(func(t *testing.T, message []byte) {
		info, err := is.Read(message)
		if err == nil && (info.Serial != "S1" || info.UDID != "U1") {
			t.Fatalf("believed %+v", info)
		}
		if err != nil && !errors.Is(err, ErrMessage) && !errors.Is(err, ErrSignature) && !errors.Is(err, ErrContent) {
			t.Fatalf("a refusal of no kind: %v", err)
		}
	})
}

// FuzzContent: what is inside is the device's own, and may still be hostile.
func FuzzContent(f *testing.F) {
	f.Add(keys(device))
	f.Add([]byte("bplist00"))
	f.Fuzz(func(t *testing.T, content []byte) {
		info, err := read(content)
		if err == nil && (info.Serial == "" || info.UDID == "" || len(info.Serial) > maxValue || len(info.OSVersion) > maxValue) {
			t.Fatalf("read %+v", info)
		}
	})
}

// appleSHA256 is of the certificate's DER, as found in several places beside
// Apple's documentation.
const appleSHA256 = "76f27d00e1333bc88de0e2916c38c9a7f2b75774c25a794c092a80e3c4c66cce"
