package trial

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Filed is a table that was filed here.
type Filed struct {
	ID     string
	Table  Table
	Signed Signed
}

// maxTables bounds what is read: the last that were filed.
const maxTables = 500

// Tables returns the tables that were filed, the last first. One whose
// signature does not hold is none: it is logged and left out.
func (o *Office) Tables(ctx context.Context) ([]Filed, error) {
	kept, err := o.Store.Trials(ctx, maxTables)
	if err != nil {
		return nil, err
	}
	all := make([]Filed, 0, len(kept))
	for _, k := range kept {
		f, err := o.read(k)
		if err != nil {
			if o.Log != nil {
				o.Log.Error("a trial in the ledger is not one that was filed", "id", k.ID, "err", err)
			}
			continue
		}
		all = append(all, f)
	}
	return all, nil
}

// read verifies a table once: the same bytes are the same table.
func (o *Office) read(k ledger.Trial) (f Filed, err error) {
	sum := sha256.Sum256([]byte(k.Body))
	o.mu.Lock()
	f, known := o.verified[sum]
	o.mu.Unlock()
	if !known {
		f = Filed{ID: hex.EncodeToString(sum[:])}
		if err := json.Unmarshal([]byte(k.Body), &f.Signed); err != nil {
			return f, err
		}
		if f.Table, err = Verify(f.Signed, o.Key.Public()); err != nil {
			return f, err
		}
		o.mu.Lock()
		if o.verified == nil || len(o.verified) >= 2*maxTables {
			o.verified = map[[sha256.Size]byte]Filed{}
		}
		o.verified[sum] = f
		o.mu.Unlock()
	}
	if f.Table.Device != k.Device || f.ID != k.ID {
		return f, errors.New("it is in another's place")
	}
	return f, nil
}

// maxPlans bounds the policies whose plans are kept.
const maxPlans = 1000

// Plans are the plans of a policy, as [Plans] makes them. Every page of a ward
// asks for them, and making them renders every command, so they are kept.
func (o *Office) Plans(p custody.Policy) []Plan {
	key, err := json.Marshal(p)
	if err != nil { // a struct of texts and numbers cannot fail to encode
		return Plans(p)
	}
	o.mu.Lock()
	plans, known := o.plans[string(key)]
	o.mu.Unlock()
	if known {
		return plans
	}
	plans = Plans(p)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.plans == nil || len(o.plans) >= maxPlans {
		o.plans = map[string][]Plan{}
	}
	o.plans[string(key)] = plans
	return plans
}
