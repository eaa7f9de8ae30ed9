package console

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/errand"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/server/problem"
)

const (
	// searchFor is how long a lost iPad may still be told what it was asked.
	searchFor = 10 * time.Minute
	// answerWait is how long who asks waits for it, and answerBeat how often its
	// answer is looked for meanwhile: it may come to another server.
	answerWait = 8 * time.Second
	answerBeat = 250 * time.Millisecond
)

// inLostMode: an iPad has shown that it is in Lost Mode, and nothing is under
// way that would change it.
func inLostMode(d device) bool {
	c := d.custody
	return c.State == custody.Lost && !c.Run.Active() && c.Lock.Rung == custody.LockConfirmed
}

func notLost(c custody.Custody) error {
	if c.State != custody.Lost {
		return problem.New(fiber.StatusConflict, "not_lost", "This iPad is not lost: where an iPad is can be asked in Lost Mode only.")
	}
	return nil
}

// whereItIs asks a lost iPad for its place and tells it. The look is in the
// history before the iPad is asked.
func whereItIs(ctx context.Context, s *Console, id custody.DeviceID, by string) (string, error) {
	a, err := s.search(ctx, id, errand.Location, by)
	if err != nil {
		return "", err
	}
	var p errand.Place
	if err := json.Unmarshal(a.Result, &p); err != nil {
		return "", problem.New(fiber.StatusConflict, "location", "The iPad answered, and named no place. Ask again.")
	}
	at := p.At
	if at.IsZero() {
		at = a.Answered
	}
	return fmt.Sprintf("%s, at %s UTC", p, at.UTC().Format("2006-01-02 15:04:05")), nil
}

func itsSound(ctx context.Context, s *Console, id custody.DeviceID, by string) (string, error) {
	if _, err := s.search(ctx, id, errand.Sound, by); err != nil {
		return "", err
	}
	return "It plays.", nil
}

// search asks a lost iPad and waits a moment for what it says.
func (s *Console) search(ctx context.Context, id custody.DeviceID, kind, by string) (ledger.Ask, error) {
	if s.Errands == nil {
		return ledger.Ask{}, problem.New(fiber.StatusConflict, kind, "This server asks iPads nothing beside their plans.")
	}
	asked, err := s.Errands.Ask(ctx, errand.Ask{Device: id, Kind: kind, Rank: errand.RankPerson, By: by, Expires: s.now().Add(searchFor)})
	if err != nil {
		return asked, fmt.Errorf("asking %s for its %s: %w", id, kind, err)
	}
	wait, cancel := context.WithTimeout(ctx, s.AnswerWait)
	defer cancel()
	for {
		a, err := s.answered(ctx, id, asked.ID)
		if err != nil || !a.Answered.IsZero() {
			return a, err
		}
		select {
		case <-wait.Done():
			return a, problem.New(fiber.StatusConflict, kind, "The iPad has not answered yet. It is asked again when it connects in the next ten minutes; try again then.")
		case <-time.After(answerBeat):
		}
	}
}

// answered reads an ask; one that the iPad refused is a problem with its words.
func (s *Console) answered(ctx context.Context, id custody.DeviceID, ask string) (ledger.Ask, error) {
	asks, err := s.Ledger.Asks(ctx, id)
	if err != nil {
		return ledger.Ask{}, err
	}
	for _, a := range asks {
		if a.ID != ask {
			continue
		}
		if !a.Answered.IsZero() && a.Outcome != plan.StatusAcknowledged {
			return a, problem.New(fiber.StatusConflict, a.Kind, fmt.Sprintf("The iPad refused: %s", a.Says))
		}
		return a, nil
	}
	return ledger.Ask{}, problem.New(fiber.StatusConflict, "search", "Somebody has asked it anew. Try again.")
}
