package mdm

import (
	"context"
	"log/slog"
	"net/http"

	nanolog "github.com/micromdm/nanolib/log"
	"github.com/micromdm/nanomdm/mdm"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/mdm/plistguard"
	"github.com/padwarden/padwarden/server/plan"
)

// visit is one message of a device: how far it has come, who it is from once
// the gate has said so, and why it was refused if it was.
type visit struct {
	stage  string
	reason string

	flat []plistguard.Pair // of a connect that is nothing but strings

	device    custody.DeviceID
	udid      string
	hash      string // of the certificate it came under
	enrolment string // hash of the certificate that made the enrolment
	user      string // user channel: the account's short name
	offline   bool   // the store could not be asked whose the certificate is
	checkOut  bool
	idle      bool         // a connect that reports Idle
	reported  string       // CommandUUID that a connect reports on
	told      *mdm.Command // what a connect is answered with
	renewal   bool         // an Authenticate under a renewed certificate: the enrolment goes on

	certificate ledger.Certificate // as the store knows it; zero while it cannot be asked
	look        *custody.Look      // of an idle device: as it was read with its certificate
}

func (v *visit) channel() plan.Channel {
	if v.user != "" {
		return plan.UserChannel
	}
	return plan.DeviceChannel
}

// why is the reason a failed message is counted under: what refused it, or how
// far it came.
func (v *visit) why() string {
	if v.reason != "" {
		return v.reason
	}
	return v.stage
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{}
}

func atStage(stage string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visitOf(r.Context()).stage = stage
		next.ServeHTTP(w, r)
	})
}

// nanoLogger lets NanoMDM's packages log to slog. Whole messages, which it logs
// where one does not decode, are left out: they may carry an unlock token, and
// so may the decoder's complaint about them.
type nanoLogger struct{ to *slog.Logger }

func (l nanoLogger) Info(kv ...any)  { l.to.Info("mdm protocol", withoutBodies(kv)...) }
func (l nanoLogger) Debug(kv ...any) { l.to.Debug("mdm protocol", withoutBodies(kv)...) }
func (l nanoLogger) With(kv ...any) nanolog.Logger {
	return nanoLogger{l.to.With(withoutBodies(kv)...)}
}

func withoutBodies(kv []any) []any {
	out := make([]any, 0, len(kv))
	undecoded := false
	for i := 0; i+1 < len(kv); i += 2 {
		switch kv[i] {
		case "content":
			undecoded = true
		case "mdm-signature":
		case "msg":
			out = append(out, "what", kv[i+1])
		default:
			out = append(out, kv[i], kv[i+1])
		}
	}
	for i := 0; undecoded && i+1 < len(out); i += 2 {
		if out[i] == "err" {
			out[i+1] = "the message does not decode"
		}
	}
	return out
}
