package mdm

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/mdm/ca"
)

// serveSCEP answers RFC 8894, section 4: operation in the query, the message in
// the body of a POST, or as base64 in a GET.
func (e *Engine) serveSCEP(c *fiber.Ctx) error {
	switch c.Query("operation") {
	case "GetCACaps":
		c.Set(fiber.HeaderContentType, "text/plain")
		return c.SendString(ca.Capabilities)
	case "GetCACert":
		c.Set(fiber.HeaderContentType, "application/x-x509-ca-cert")
		return c.Send(e.CA.Certificate().Raw)
	case "PKIOperation":
		return e.pkiOperation(c)
	}
	return e.noCertificate(c, fiber.StatusBadRequest, "operation")
}

func (e *Engine) pkiOperation(c *fiber.Ctx) error {
	message, err := scepMessage(c)
	switch {
	case err != nil:
		return e.noCertificate(c, fiber.StatusBadRequest, "message")
	case len(message) > ca.MaxMessage:
		return e.noCertificate(c, fiber.StatusRequestEntityTooLarge, "too_large")
	}
	ctx, cancel := context.WithTimeout(context.Background(), e.Timeout)
	defer cancel()
	free := take(ctx, e.issue, e.Wait)
	if free == nil {
		return e.noCertificate(c, fiber.StatusServiceUnavailable, "busy")
	}
	defer free()
	reply, err := e.scep.PKIOperation(ctx, message)
	var refused *ca.Refused
	switch {
	case errors.As(err, &refused):
		e.Count(CountSCEP, refused.Reason)
		e.Logger.Warn("refused a certificate", "alert", true, "reason", refused.Reason,
			"device", short(string(refused.Device), 64), "err", refused.Err)
	case errors.Is(err, ca.ErrMessage):
		e.Logger.Info("refused a SCEP message", "err", err)
		return e.noCertificate(c, fiber.StatusBadRequest, "message")
	case err != nil:
		e.Logger.Warn("issuing a certificate", "err", err)
		return e.noCertificate(c, fiber.StatusServiceUnavailable, "store")
	}
	c.Set(fiber.HeaderContentType, "application/x-pki-message")
	return c.Send(reply)
}

func (e *Engine) noCertificate(c *fiber.Ctx, status int, reason string) error {
	e.Count(CountSCEP, reason)
	return c.SendStatus(status)
}

// scepMessage returns a copy of the message: fiber reuses its buffers.
func scepMessage(c *fiber.Ctx) ([]byte, error) {
	if c.Method() == fiber.MethodPost {
		return bytes.Clone(c.Request().Body()), nil
	}
	// A client that does not escape its base64 has its + read as a space.
	return base64.StdEncoding.DecodeString(strings.ReplaceAll(c.Query("message"), " ", "+"))
}
