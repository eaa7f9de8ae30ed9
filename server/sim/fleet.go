package sim

import (
	"context"
	"errors"
	"sync"
)

// Fleet owns simulated devices: their goroutines begin with Start (or when they
// are added later) and have all ended when Stop returns.
type Fleet struct {
	env Env

	mu      sync.Mutex
	devices []*Device
	ctx     context.Context // nil until started
	cancel  context.CancelFunc
	stopped bool
	running sync.WaitGroup
}

// NewFleet makes an empty fleet. APNs, Keys and HTTP are needed; the rest of
// env may be zero: the wall clock, [DefaultTiming], nobody watching, no log.
func NewFleet(env Env) (*Fleet, error) {
	if env.APNs == nil || env.Keys == nil || env.HTTP == nil {
		return nil, errors.New("a fleet needs APNs, Keys and HTTP")
	}
	if env.Clock == nil {
		env.Clock = Wall{}
	}
	if env.Timing == (Timing{}) {
		env.Timing = DefaultTiming()
	}
	return &Fleet{env: env}, nil
}

// Add puts a device into the fleet.
func (f *Fleet) Add(opt Options) *Device {
	d := newDevice(f.env, opt)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.devices = append(f.devices, d)
	if f.ctx != nil && !f.stopped {
		f.launch(d)
	}
	return d
}

// Devices lists the fleet in the order of adding.
func (f *Fleet) Devices() []*Device {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*Device(nil), f.devices...)
}

// Device finds one by serial number; nil if there is none.
func (f *Fleet) Device(serial string) *Device {
	for _, d := range f.Devices() {
		if d.opt.Serial == serial {
			return d
		}
	}
	return nil
}

// Start switches every device on. The fleet stops when ctx ends or by Stop.
func (f *Fleet) Start(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ctx != nil {
		return
	}
	f.ctx, f.cancel = context.WithCancel(ctx)
	for _, d := range f.devices {
		f.launch(d)
	}
}

// launch starts a device's two goroutines. Under mu.
func (f *Fleet) launch(d *Device) {
	f.running.Go(func() { d.run(f.ctx) })
	f.running.Go(func() { d.page.run(f.ctx) })
}

// Stop switches every device off and waits for all goroutines.
func (f *Fleet) Stop() {
	f.mu.Lock()
	f.stopped = true
	if f.cancel != nil {
		f.cancel()
	}
	f.mu.Unlock()
	f.running.Wait()
	if c, ok := f.env.HTTP.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
