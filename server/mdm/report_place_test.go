package mdm_test

import (
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

func TestWhereALostIPadIs(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(1, 1)
	real := func(key, n string) string { return "<key>" + key + "</key><real>" + n + "</real>" }
	at := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	for name, row := range map[string]struct {
		more string
		want *plan.Place
	}{
		"all of it": {real("Latitude", "52.01") + real("Longitude", "-4.5") + real("HorizontalAccuracy", "12.5") + pair("Timestamp", "2026-11-23T07:00:00Z"),
			&plan.Place{Latitude: 52.01, Longitude: -4.5, Within: 12.5, At: at}},
		"whole degrees":     {"<key>Latitude</key><integer>52</integer><key>Longitude</key><integer>-4</integer>", &plan.Place{Latitude: 52, Longitude: -4, Within: -1}},
		"one of them":       {real("Latitude", "52.01"), nil},
		"of other types":    {pair("Latitude", "52.01") + pair("Longitude", "4.5"), nil},
		"another timestamp": {real("Latitude", "1.5") + real("Longitude", "1.5") + pair("Timestamp", "yesterday"), &plan.Place{Latitude: 1.5, Longitude: 1.5, Within: -1}},
	} {
		if status, _ := p.report("Acknowledged", "c-"+name, row.more); status != http.StatusOK || !reflect.DeepEqual(s.last().Place, row.want) {
			t.Errorf("%s: %+v, want %+v", name, s.last().Place, row.want)
		}
	}
}
