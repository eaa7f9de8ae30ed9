package apns

import (
	"errors"
	"sync"
	"time"
)

// Kind names what keeps the pushes of a whole server from leaving. The set is
// fixed: it labels a metric.
type Kind string

const (
	// CertificateRefused: APNs does not take the push certificate, or its topic.
	CertificateRefused Kind = "certificate_refused"
	// CertificateEnded: the certificate is past its last day.
	CertificateEnded Kind = "certificate_ended"
	// CertificateEnding: it has [WarnBefore] or less to go.
	CertificateEnding Kind = "certificate_ending"
	// Unreachable: APNs does not answer, or answers that it is in trouble.
	Unreachable Kind = "unreachable"
	// Rejected: APNs does not understand our pushes.
	Rejected Kind = "rejected"
)

// Kinds are all there are, worst first.
var Kinds = []Kind{CertificateEnded, CertificateRefused, Unreachable, Rejected, CertificateEnding}

// Trouble is what a server has with pushing as a whole, in a sentence for
// people with a way out in it. It is said once, not once for every device.
type Trouble struct {
	Kind     Kind
	Sentence string
	Since    time.Time // zero: not known
	Severe   bool      // no push leaves; otherwise there is time
}

// again is how many pushes in a row must fail before APNs itself is said to be
// in trouble: one that is lost with its connection says nothing of it.
const again = 2

// service remembers what APNs said of us, not of a device. The zero value
// remembers nothing.
type service struct {
	mu     sync.Mutex
	kind   Kind
	since  time.Time
	failed int // pushes in a row
}

// learn takes what became of a push. An answer about a device shows that the
// service is well: it came from there, and under our certificate.
func (s *service) learn(err error, now time.Time) {
	kind := Kind("")
	switch {
	case errors.Is(err, ErrCertificate):
		kind = CertificateRefused
	case errors.Is(err, ErrUnreachable):
		kind = Unreachable
	case errors.Is(err, ErrRejected):
		kind = Rejected
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case kind == "":
		s.kind, s.since, s.failed = "", time.Time{}, 0
	case kind == Unreachable && s.kind == CertificateRefused:
		// With TLS 1.3 the alert that refuses a certificate is often lost with the
		// connection: silence after it is no other trouble.
	case kind != s.kind:
		s.kind, s.since, s.failed = kind, now, 1
	default:
		s.failed++
	}
}

func (s *service) trouble() (Kind, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kind != CertificateRefused && s.failed < again {
		return "", time.Time{}
	}
	return s.kind, s.since
}

// Troubles says what keeps pushes from leaving, or will soon, worst first;
// empty if nothing is known.
func (p *Provider) Troubles() []Trouble {
	var all []Trouble
	expiry, ends := Expiry(p.leaf.NotAfter, p.o.Now())
	if ends && expiry.Severe {
		return []Trouble{expiry} // what else is refused follows from it
	}
	switch kind, since := p.service.trouble(); kind {
	case CertificateRefused:
		all = append(all, Trouble{kind, "Apple's push service refuses the push certificate, so no iPad is woken and locks and wipes wait until each iPad comes by itself. " +
			"Renew it at Apple's Push Certificates Portal, under the Apple Account that made it, and start the server with the new one.", since, true})
	case Unreachable:
		all = append(all, Trouble{kind, "Apple's push service cannot be reached or is in trouble, so no iPad is woken. " +
			"Pushes are tried again by themselves; if it lasts, see that this server may open port 443 to api.push.apple.com.", since, true})
	case Rejected:
		all = append(all, Trouble{kind, "Apple's push service does not understand this server's pushes, so no iPad is woken. " +
			"The log says what it answered; report it to padwarden's maintainers.", since, true})
	}
	if ends {
		all = append(all, expiry)
	}
	return all
}
