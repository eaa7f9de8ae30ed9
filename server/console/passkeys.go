package console

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/problem"
)

// Passkeys are those of who is at the console: [identity.Passkeys].
type Passkeys interface {
	BeginSignIn(ctx context.Context, at identity.Place) (identity.Ceremony, error)
	SignIn(ctx context.Context, kind string, at identity.Place, ceremony string, response []byte) (ledger.Passkey, error)
	BeginRegister(ctx context.Context, owner, name string, at identity.Place) (identity.Ceremony, error)
	Register(ctx context.Context, at identity.Place, ceremony, name string, response []byte) (ledger.Passkey, error)
	Own(ctx context.Context, owner string) ([]ledger.Passkey, error)
	Name(ctx context.Context, owner, id, name string) error
	Remove(ctx context.Context, owner, id, by string) error
	Proved(ctx context.Context, session string) error
	Fresh(ctx context.Context, session string) bool
}

// keyGate opens sessions for whom a passkey has proven.
type keyGate interface {
	OpenStaffSession(ctx context.Context, row ledger.Staff) (session string, who identity.Staff, err error)
	OpenClinicianSession(ctx context.Context, c ledger.Clinician) (session string, who identity.Staff, err error)
}

const (
	maxKeyBody = 24 << 10 // bytes of a body with what a passkey answered

	// ceremonyName is the cookie that ties a challenge to the browser that asked.
	ceremonyName = "padwarden_ceremony"
	ceremonyAge  = 2 * 60 // s: longer than a challenge stands

	// Challenges a minute: of everybody who is not signed in, which bounds what a
	// flood of them takes of Redis to a few megabytes; and of one person.
	maxSignIns  = 6000
	maxOwnAdded = 30
)

// keyAnswer is what a page sends back of a ceremony.
type keyAnswer struct {
	Ceremony string
	Name     string
	Response json.RawMessage
}

func (s *Console) registerPasskeys(r fiber.Router) {
	r.Post("/start/passkey/begin", s.atStart(s.keyBegin))
	r.Post("/start/passkey", s.atStart(s.keyFinish))

	r.Get("/me", s.page(s.showMe))
	r.Post("/me/passkeys/begin", s.change(s.withKeys(s.addKeyBegin)))
	r.Post("/me/passkeys", s.change(s.withKeys(s.addKey)))
	r.Post("/me/passkeys/:id/name", s.change(s.withKeys(s.nameKey)))
	r.Post("/me/passkeys/:id/remove", s.change(s.withKeys(s.removeKey)))
	r.Get("/keys/:owner", s.page(s.showKeys))
	r.Post("/keys/:owner/:id/remove", s.change(s.withKeys(s.removeKeyOf)))
}

var errNoKeys = &custody.Refusal{Code: "no_passkeys", Sentence: "Passkeys are not set up here. Sign in with a link, and ask whoever runs the server."}

func (s *Console) withKeys(next handler) handler {
	return func(ctx context.Context, c *fiber.Ctx, who asker) error {
		if s.Passkeys == nil {
			return errNoKeys
		}
		return next(ctx, c, who)
	}
}

// atStart wraps what somebody asks who is not signed in yet.
func (s *Console) atStart(next func(context.Context, *fiber.Ctx) error) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, cancel := context.WithTimeout(s.Base, answerIn)
		defer cancel()
		if err := browser.SameOrigin(c, s.Secure); err != nil {
			return err
		}
		if s.Passkeys == nil {
			return errNoKeys
		}
		return next(ctx, c)
	}
}

// browserPlace is where somebody signs in: one browser, by its cookie.
func browserPlace(cookie string) identity.Place {
	return identity.Place{Bind: "browser\x00" + hashed(cookie), Meter: "console", Most: maxSignIns}
}

// ownPlace is where somebody adds a passkey to themselves: one session. Any
// kind may be added: the computer is theirs, not the ward's.
func ownPlace(who asker) identity.Place {
	return identity.Place{Bind: "session\x00" + hashed(who.session), Meter: "console:" + who.Owner(), Most: maxOwnAdded}
}

// hashed stands for a secret where it is kept.
func hashed(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func (s *Console) keyBegin(ctx context.Context, c *fiber.Ctx) error {
	if err := browser.JSON(c, &struct{}{}, maxBody); err != nil {
		return err
	}
	random := make([]byte, 32)
	if _, err := io.ReadFull(s.Rand, random); err != nil {
		return fmt.Errorf("binding a sign-in: %w", err)
	}
	cookie := base64.RawURLEncoding.EncodeToString(random)
	asked, err := s.Passkeys.BeginSignIn(ctx, browserPlace(cookie))
	if err != nil {
		return tooMany(err)
	}
	browser.SetCookie(c, ceremonyName, cookie, ceremonyAge, s.Secure)
	return c.JSON(asked)
}

func (s *Console) keyFinish(ctx context.Context, c *fiber.Ctx) error {
	var body keyAnswer
	if err := browser.JSON(c, &body, maxKeyBody); err != nil {
		return err
	}
	cookie := strings.Clone(c.Cookies(browser.CookieName(ceremonyName, s.Secure)))
	key, err := s.Passkeys.SignIn(ctx, "", browserPlace(cookie), body.Ceremony, body.Response)
	if err != nil {
		return tooMany(err)
	}
	session, who, err := s.openFor(ctx, key)
	if custody.Refused(err) != "" {
		return identity.NoPasskey() // whose account is closed is nobody
	}
	if err != nil {
		return err
	}
	browser.SetCookie(c, ceremonyName, "", -1, s.Secure)
	if err := s.welcome(ctx, c, session, who); err != nil {
		return err
	}
	next := "/console"
	if who.Role == identity.Clinician {
		next = ownPage
	}
	return c.JSON(fiber.Map{"next": next})
}

// openFor opens a session for a passkey's owner.
func (s *Console) openFor(ctx context.Context, key ledger.Passkey) (string, identity.Staff, error) {
	kind, id, _ := strings.Cut(key.Owner, ":")
	if kind == identity.Clinicians {
		return s.Identity.OpenClinicianSession(ctx, ledger.Clinician{ID: id})
	}
	return s.Identity.OpenStaffSession(ctx, ledger.Staff{ID: id})
}

// tooMany gives a limit its status.
func tooMany(err error) error {
	if !identity.Paused(err) {
		return err
	}
	p := problem.From(err)
	p.Status = fiber.StatusTooManyRequests
	return p
}
