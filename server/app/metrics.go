package app

import (
	"errors"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// meters are the metrics of one server. Labels come from fixed sets: never a
// badge, a name, a device or a path as it was sent.
type meters struct {
	registry *prometheus.Registry
	events   *prometheus.CounterVec
	refusals *prometheus.CounterVec
	requests *prometheus.HistogramVec
}

func newMeters() *meters {
	m := &meters{
		registry: prometheus.NewRegistry(),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "padwarden_steward_events_total", Help: "What the steward met with that is worth counting.",
		}, []string{"event"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "padwarden_mdm_refusals_total", Help: "Messages of devices that were refused or failed.",
		}, []string{"name", "reason"}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "padwarden_http_request_seconds", Help: "Requests by route, until the answer begins.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2, 10},
		}, []string{"route", "method", "status"}),
	}
	m.registry.MustRegister(m.events, m.refusals, m.requests,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *meters) event(name string)           { m.events.WithLabelValues(name).Inc() }
func (m *meters) refusal(name, reason string) { m.refusals.WithLabelValues(name, reason).Inc() }

// request times each request under the pattern of its route.
func (m *meters) request(c *fiber.Ctx) error {
	start := time.Now()
	err := c.Next()
	status := c.Response().StatusCode()
	var e *fiber.Error
	if errors.As(err, &e) {
		status = e.Code
	}
	route := c.Route().Path
	if status == fiber.StatusNotFound {
		route = "none" // what was asked for is not ours to keep
	}
	m.requests.WithLabelValues(route, c.Method(), strconv.Itoa(status)).Observe(time.Since(start).Seconds())
	return err
}
