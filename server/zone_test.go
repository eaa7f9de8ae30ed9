package main

import "testing"

func TestTimeZone(t *testing.T) {
	if z, err := (zoneFlag{"Europe/Berlin"}).zone(); err != nil || z.String() != "Europe/Berlin" {
		t.Errorf("%v, %v", z, err)
	}
	if z, err := (zoneFlag{}).zone(); err != nil || z != nil {
		t.Errorf("%v, %v", z, err)
	}
	for _, bad := range []string{"Berlin", "Europe/Berlni", "../../etc/passwd", "CET+1"} {
		if z, err := (zoneFlag{bad}).zone(); err == nil {
			t.Errorf("%q is %v", bad, z)
		}
	}
}
