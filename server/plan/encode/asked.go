package encode

import "fmt"

// asked is the answer to a ReturnToService check-in. PreserveDataPlan, which it
// may carry from iOS 26.4 on, is left out: nothing is preserved then.
type asked struct{ ReturnToService returnToService }

// ReturnToService answers an iPad that asks for its Return to Service settings
// before it erases itself (Apple: "Return To Service" check-in, iOS 26.0). What
// the keys mean is as in [EraseDevice]: the answer is an erase, and whoever
// sends it has handed one over. Device channel only.
func ReturnToService(e Erase) ([]byte, error) {
	out, err := marshal(asked{e.service()})
	if err != nil {
		return nil, fmt.Errorf("encoding the answer to ReturnToService: %w", err)
	}
	return out, nil
}
