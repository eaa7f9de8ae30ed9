package console

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/provision"
)

// inGerman is a request of a browser whose owner reads German.
func inGerman(r *http.Request) { r.Header.Set("Accept-Language", "de-AT,de;q=0.9,en;q=0.4") }

// arabicName is nearly as long as a name may be, and is written from right to left.
var arabicName = strings.TrimSpace(strings.Repeat("عبد الرحمن بن عوف الأنصاري ", 7))

// peopled has something of everything that the offices show.
func peopled(t *testing.T) *roster {
	t.Helper()
	r, _ := staffed(t)
	r.breaks("DMQX00")
	now := r.now
	r.console.Troubles = func() []Trouble {
		return []Trouble{{Kind: "unreachable", Severe: true, Since: now, Sentence: "Apple's push service cannot be reached or is in trouble, so no iPad is woken. Pushes are tried again by themselves; if it lasts, see that this server may open port 443 to api.push.apple.com."}}
	}
	office := r.console.People.(*provision.Office)
	d := provision.Deed{By: "staff:Ada Keller"}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(office.Add(t.Context(), ledger.Clinician{ID: "long", Name: arabicName, Account: "abd@ward.example", Active: true}, d))
	must(office.AddBadge(t.Context(), "anna", provision.NewBadge{Raw: sparesCard, Expires: now.Add(72 * time.Hour)}, d))
	must(office.Rename(t.Context(), "anna", "Anna Berg-Öztürk", "anna@ward.example", d))
	must(office.SetActive(t.Context(), "anna", false, d))
	must(office.SetActive(t.Context(), "anna", true, d))
	must(office.RevokeBadge(t.Context(), "anna", r.ref(t, 0), d))
	must(office.Unpin(t.Context(), "anna", d))
	if _, err := office.NewPIN(t.Context(), "anna", d); err != nil {
		t.Fatal(err)
	}
	for _, scopes := range [][]identity.Action{{identity.View, identity.Ping}, {identity.Try}, {identity.SCIM}} {
		if _, _, err := r.ids.MakeToken(t.Context(), "Stationstafel", scopes, []string{identity.AllWards}, 24*time.Hour, "Ada Keller"); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// To who reads German the offices say nothing in English: every text has its
// German, and so has every sentence that the core made of what happened.
func TestTheOfficesSpeakGerman(t *testing.T) {
	r := peopled(t)
	german := r.console.words.Match("de", "")
	admin, adminCSRF := r.signedIn(identity.Administrator)
	manager, _ := r.signedIn(identity.Manager, "4B")
	auditor, _ := r.signedIn(identity.Auditor)
	pages := map[string]string{
		"/console/people": "Personen", "/console/people/anna": "Das Konto ist anna@ward.example, nicht mehr keiner.", "/console/people/long": "Darf sich anmelden",
		"/console/staff": "Anmeldelink erstellen…", "/console/tokens": "Token erstellen…", "/console/emergencies": "Zu prüfen", "/console/me": "Ihre Passkeys",
		"/console/keys/clinician:anna": "Passkeys von", "/console/start": "Sie sind nicht angemeldet.", "/console/start/none": "Dieser Link meldet Sie",
	}
	for path, want := range pages {
		for _, cookie := range []string{admin, manager, auditor} {
			status, page, _ := r.ask("GET", path, "", as(cookie, ""), inGerman)
			if status == http.StatusForbidden && cookie != admin {
				continue // in German too
			}
			if status != http.StatusOK || !strings.Contains(page, `<html lang="de">`) || !strings.Contains(page, want) {
				t.Errorf("%s: %d, want %q in\n%s", path, status, want, page)
			}
			if !strings.Contains(page, "Apples Push-Dienst ist nicht erreichbar") && !strings.Contains(path, "/start") {
				t.Errorf("%s: the trouble is not said in German", path)
			}
		}
	}
	if status, said, _ := r.ask("POST", "/console/people/anna/deactivate", `{}`, as(admin, adminCSRF), inGerman); status != 400 || !strings.Contains(said, "Sagen Sie, warum.") {
		t.Errorf("a problem: %d %s", status, said)
	}
	if status, said, _ := r.ask("POST", "/console/start", "token=none", inGerman, func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}); status != 401 || !strings.Contains(said, "Dieser Link wurde schon benutzt") {
		t.Errorf("a link that is over: %d %s", status, said)
	}
	if missed := german.Missed(); len(missed) > 0 {
		t.Errorf("said in English to who reads German: %q", missed)
	}
}

// What the history of a device says is English in the ledger and German on the page.
func TestSentencesOfTheCoreAreSaidInGerman(t *testing.T) {
	german := newDesk(t).console.words.Match("de", "")
	at := time.Date(2026, 3, 2, 14, 7, 0, 0, time.UTC)
	c := custody.Custody{State: custody.Unproven, WipeAsked: at, Risk: custody.Risk{Request: "EraseDevice", Erase: true},
		Proof: custody.Proof{Rung: custody.ProofAcknowledged, At: map[custody.ProofRung]time.Time{custody.ProofAcknowledged: at}}}
	waits := c
	waits.Run.Waits = "Battery 12 %: put this iPad on its charger, it is erased from 30 % on."
	unsent := custody.Custody{WipeAsked: at}
	for english, want := range map[string]string{
		custody.Sentence(c):                     "EraseDevice um 14:07 bestätigt, seither nicht neu registriert: braucht jemanden vor Ort.",
		custody.Sentence(waits):                 "EraseDevice um 14:07 bestätigt, seither nicht neu registriert. Batterie 12 %: Stellen Sie dieses iPad ans Ladegerät, ab 30 % wird es gelöscht.",
		custody.Sentence(unsent):                "Löschen angefordert 14:07, das iPad hat sich seither nicht gemeldet: braucht jemanden vor Ort.",
		"unproven: " + custody.Sentence(unsent): "unbewiesen: Löschen angefordert 14:07, das iPad hat sich seither nicht gemeldet: braucht jemanden vor Ort.",
		"This iPad's profiles are not as its ward's policy wants them; missing: restrictions, badge-in page; left over: \"a.b\". What padwarden may put right it does while the iPad is clean.": "Die Profile dieses iPads sind nicht so, wie die Regeln der Station sie verlangen; fehlend: Einschränkungen, Anmeldeseite; übrig: \"a.b\". Was padwarden berichtigen darf, berichtigt es, solange das iPad sauber ist.",
		"This iPad was reset. " + custody.GradeAppsRemoved.Kept(): "Dieses iPad wurde zurückgesetzt. Die Apps der Station und ihre Daten wurden entfernt. Was in Safari, Fotos und Dateien liegt, nicht.",
		"The push certificate ends on 2027-03-01, in 12 days. Renew it at Apple's Push Certificates Portal, under the Apple Account that made it: with another account's every iPad would have to enrol again.": "Das Push-Zertifikat läuft am 2027-03-01 ab, in 12 Tagen. Erneuern Sie es in Apples Push Certificates Portal unter dem Apple-Account, mit dem es erstellt wurde: Mit dem eines anderen Accounts müsste sich jedes iPad neu registrieren.",
		paceSays(custody.Pace{Proven: 30, P50: 90 * time.Second, Longest: 5 * time.Minute}):                                                                                                                     "Löschen dauert hier 90 s (p50) bis 5 min (die längste bewiesene; mehr als 1 von 20 wurde es nie), 30 bewiesen in 30 Tagen",
		unprovenSays(custody.Pace{Unproven: map[custody.Cause]int{custody.CauseOverdue: 2, custody.CauseFailed: 1}}):                                                                                            "3 unbewiesen: 2 nicht rechtzeitig bewiesen, 1 fehlgeschlagen",
		"Mishaps: Wi-Fi loss passed, Restart not tried.": "Zwischenfälle: WLAN-Ausfall bestanden, Neustart nicht erprobt.",
	} {
		if got := german.Say(english); got != want {
			t.Errorf("%q\n is %q\nwant %q", english, got, want)
		}
	}
}

// The language is chosen by a button, and the page stays.
func TestTheLanguageIsChosenInABrowser(t *testing.T) {
	r := peopled(t)
	base := browsertest.Serve(t, r.app)
	tab := browsertest.Open(t)
	token, err := r.ids.MintStaffToken(t.Context(), "Ada Keller", identity.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.Navigate(base+"/console/start/"+token), chromedp.WaitVisible("button"), chromedp.Click("button.primary"), chromedp.WaitVisible("#rows"))
	tab.Do(chromedp.Navigate(base+"/console/people/anna"), chromedp.WaitVisible("#log-title"))
	tab.Until(`document.documentElement.lang === 'en' && document.readyState === 'complete'`)
	tab.Do(chromedp.Click(`.language [value="de"]`))
	tab.Until(`document.documentElement.lang === 'de' && document.readyState === 'complete'`)
	if at := tab.Eval(`location.pathname`); at != "/console/people/anna" {
		t.Errorf("another language is at %s", at)
	}
	tab.Judge("german-1-person")
	tab.Do(chromedp.Navigate(base+"/console/people"), chromedp.WaitVisible("#search"))
	tab.Until(`document.getElementById('sum').textContent === '3 Personen.'`) // what scripts say too
	tab.Judge("german-2-people")
	tab.Do(chromedp.Click(`.language [value="en"]`))
	tab.Until(`document.documentElement.lang === 'en' && document.getElementById('sum')?.textContent === '3 people.'`)
}
