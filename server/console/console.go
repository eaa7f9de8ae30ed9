// Package console is what managers, administrators and auditors talk to: the
// pool view, one device with its ladders and history, and the same as JSON.
//
// Nothing is shown or done without a staff session or an API token, and every
// device is checked against the asker's wards after it was loaded (P8). Pages
// are kept up to date by server-sent events that carry rendered rows.
package console

import (
	"context"
	"crypto/rand"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/problem"
	"github.com/padwarden/padwarden/server/words"
	"github.com/padwarden/padwarden/web"
)

// Steward changes custody, and nobody else does.
type Steward interface {
	Apply(ctx context.Context, id custody.DeviceID, e custody.Event) (custody.Custody, error)
}

// Live is what the console reads of sessions.
type Live interface {
	Sessions(ctx context.Context, ids ...custody.DeviceID) (map[custody.DeviceID]custody.Session, error)
	// Subscribe tells of the devices of a ward, or of all, that changed. The
	// empty id among them stands for any of them.
	Subscribe(ward string) (<-chan []custody.DeviceID, func())
}

// Ledger is what the console reads of devices, people and history.
type Ledger interface {
	Wards(ctx context.Context) ([]ledger.Ward, error)
	Devices(ctx context.Context, ward string) ([]ledger.Device, error)
	Device(ctx context.Context, id custody.DeviceID) (ledger.Device, error)
	Custody(ctx context.Context, id custody.DeviceID) (custody.Custody, error)
	Rows(ctx context.Context, d time.Duration, each func(custody.Custody) error) error
	Clinician(ctx context.Context, id string) (ledger.Clinician, error)
	// History returns entries after seq, oldest first; RecentHistory the newest first.
	History(ctx context.Context, device custody.DeviceID, after int64, limit int) ([]ledger.Recorded, error)
	RecentHistory(ctx context.Context, device custody.DeviceID, limit int) ([]ledger.Recorded, error)
	measures
	secrets
	approvals
	emergencies
	known
	useRecords
}

// Identity says who is at the console.
type Identity interface {
	SignInStaff(ctx context.Context, token string) (session string, who identity.Staff, err error)
	StaffSession(ctx context.Context, session string, active bool) (identity.Staff, error)
	SignOutStaff(ctx context.Context, session string) error
	StaffByToken(ctx context.Context, token string) (identity.Staff, error)
	CSRF(session string) string
	hospitalGate
	staffKeeper
	tokenKeeper
	keyGate
	codeMaker
}

// Config is what a [Console] is made of. All but those that say so are needed.
type Config struct {
	Base     context.Context // ends the event streams; the requests' parent
	Steward  Steward
	Live     Live
	Ledger   Ledger
	Identity Identity

	// EnrolmentLink makes a one-time address that enrols a device; nil: none is offered.
	EnrolmentLink func(custody.DeviceID) (string, error)

	Passkeys   Passkeys // nil: nobody signs in by one here
	NoPasskeys string   // why not, in a sentence

	Hospital *HospitalAccounts // nil: nobody signs in with a hospital account
	Importer Importer          // nil: no files are imported
	Imports  Imports           // nil: neither
	People   People            // nil: nobody is looked up

	Administration *Administration // nil: nothing is administered here

	Trials Trials // what was tried on hardware; nil: nothing is said of it

	// Troubles are what the whole server has, DeviceTroubles what is known
	// against one device; nil: nobody knows of any.
	Troubles       func() []Trouble
	DeviceTroubles func(custody.DeviceID) []Trouble

	// Drift says how a device's profiles stood when it last listed them, in a
	// sentence that is empty where they are as wanted, and when that was;
	// ErrNotFound if it has listed none. nil: nobody looks at profiles.
	Drift func(context.Context, custody.DeviceID) (string, time.Time, error)

	// Reach is how long an iPad may not have connected before it is called
	// unreachable: longer than it is left alone. Zero: 7 h; negative: however long.
	Reach time.Duration

	Queued  bool             // devices connect to a server with a queue of its own: some promises are weaker
	Rand    io.Reader        // of the codes of sealed iPads; nil: crypto/rand
	Errands Errands          // nil: no iPad is pinged
	Now     func() time.Time // by which errands are asked; nil: the system's
	// AnswerWait is how long who asks a lost iPad waits for its answer; zero: 8 s.
	AnswerWait time.Duration

	// Zone is that of the wards' clocks, by which days and shifts are told; nil: the server's.
	Zone *time.Location

	Secure bool          // served over https: cookies are bound to the host
	Beat   time.Duration // of the event streams and their idle clocks; zero: 5 s
	Log    *slog.Logger
}

// Console answers the pages and the API.
type Console struct {
	Config
	streams browser.Streams
	past    pastUse
	exports atomic.Int32
	words   *words.Catalogue
	pages   map[*words.Speech]*template.Template
	board   *board
}

// Bounds of what may be asked for.
const (
	maxBody     = 4 << 10 // bytes of a JSON body
	maxWhy      = 500     // characters of a reason
	maxStreams  = 1000
	maxPerStaff = 8
	maxHistory  = 1000 // entries in one answer
	pageHistory = 200  // entries on a device's page
	answerIn    = 10 * time.Second
)

// New checks the configuration and parses the pages.
func New(c Config) (*Console, error) {
	if c.Base == nil || c.Steward == nil || c.Live == nil || c.Ledger == nil || c.Identity == nil {
		return nil, errors.New("console: a part is missing")
	}
	if c.Beat <= 0 {
		c.Beat = 5 * time.Second
	}
	if c.Reach == 0 {
		c.Reach = defaultReach
	}
	if c.AnswerWait <= 0 {
		c.AnswerWait = answerWait
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Console{Config: c, streams: browser.Streams{Total: maxStreams, Each: maxPerStaff}}
	s.board = newBoard(s)
	var err error
	if s.words, s.pages, err = browser.Pages(web.FS, "console", s.terms); err != nil {
		return nil, err
	}
	return s, nil
}

// Register adds the console's and the API's routes. Only the sign-in itself is
// open to who is not signed in.
func (s *Console) Register(r fiber.Router) {
	headers, errs := browser.Headers(s.Secure), problem.Handler(s.Log)
	open := r.Group("/console", headers, problem.HandlerIn(s.Log, browser.Say(s.words)))
	open.Get("/start", s.askForLink)
	open.Get("/start/:token", s.askToSignIn)
	open.Post("/start", s.signIn)
	open.Post("/language", browser.ChooseLanguage(s.words, "/console", s.Secure))

	open.Get("/", s.page(s.showPool))
	open.Get("/events", s.watch)
	open.Get("/devices/:id", s.page(s.showDevice))
	s.registerDeeds(open)
	s.registerBulk(open)
	open.Post("/devices/:id/link", s.change(s.link))
	open.Post("/sign-out", s.change(s.signOut))

	api := r.Group("/api/v1/devices", headers, errs)
	api.Get("/", s.api(s.listDevices))
	api.Get("/:id", s.api(s.oneDevice))
	api.Get("/:id/history", s.api(s.history))
	s.registerLadders(r, headers, errs)
	s.registerTroubles(r, headers, errs)
	s.registerHousekeeping(open, api)
	s.registerTrials(r, headers, errs)
	s.registerApprovals(open)
	s.registerEmergencies(open)
	s.registerHospital(open)
	s.registerStaff(open)
	s.registerTokens(open)
	s.registerImport(open)
	s.registerAdmin(open)
	s.registerPeople(open, r, headers, errs)
	s.registerPasskeys(open)
	s.registerUse(open, r, headers, errs)
}
