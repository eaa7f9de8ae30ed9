package ade

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/micromdm/nanodep/godep"

	"github.com/padwarden/padwarden/server/custody"
)

// kind is which of the enrolment profiles a ward's devices get.
type kind struct {
	shared bool // Shared iPad
	keeps  bool // return-to-service mode, which keeps apps over an erase
}

func kindOf(p custody.Policy) kind {
	return kind{shared: p.Fleet.Shared(), keeps: p.Fleet == custody.ReturnToService && p.PreserveApps}
}

func (k kind) String() string {
	switch {
	case k.shared:
		return "shared"
	case k.keeps:
		return "one-user-keeps-apps"
	}
	return "one-user"
}

// skipped are the panes of Setup Assistant that nobody at a ward's iPad answers
// (Apple: "SkipKeys"). Language, keyboard and network come before the profile
// and cannot be skipped by it.
var skipped = []string{
	"ActionButton", "Android", "Appearance", "AppleID", "AppStore", "Biometric", "CameraButton",
	"DeviceToDeviceMigration", "Diagnostics", "EnableLockdownMode", "iMessageAndFaceTime", "Intelligence", "Location",
	"MessagingActivationUsingPhoneNumber", "Multitasking", "OSShowcase", "Passcode", "Payment", "Privacy", "Restore",
	"RestoreCompleted", "Safety", "SafetyAndHandling", "ScreenTime", "SIMSetup", "Siri", "SoftwareUpdate",
	"TOS", "UpdateCompleted", "WatchMigration", "WebContentFiltering", "Welcome",
}

// profile is what Apple hands to a device at Setup Assistant (Apple: "Profile").
// The management cannot be removed, and the device waits until it is configured:
// that it does is the evidence that it was erased.
func (s *Service) profile(k kind) *godep.ProfileJson {
	yes := true
	url := s.BaseURL + s.Path
	title := "padwarden " + k.String()
	p := &godep.ProfileJson{
		ProfileName: &title, Url: &url, Department: &s.Organisation, OrgMagic: "padwarden",
		IsSupervised: &yes, IsMandatory: &yes, IsMdmRemovable: false, AwaitDeviceConfigured: &yes,
		DoNotUseProfileFromBackup: &yes, SkipSetupItems: skipped,
	}
	if k.shared {
		p.IsMultiUser = &yes
	}
	if k.keeps {
		p.IsReturnToService = &yes
	}
	return p
}

// defined is a profile that Apple has.
type defined struct {
	UUID string `json:"uuid"`
	Hash string `json:"hash"` // of what it was defined with
}

func stateOf(k kind) string { return "profile " + k.String() }

// define returns the UUID of a kind's profile, and defines it where it is not
// there yet or was made of something else.
func (s *Service) define(ctx context.Context, k kind) (string, error) {
	p := s.profile(k)
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("writing a profile: %w", err)
	}
	sum := sha256.Sum256(text)
	hash := hex.EncodeToString(sum[:])
	kept, err := s.Store.ADEState(ctx, stateOf(k))
	if err != nil {
		return "", err
	}
	var was defined
	if json.Unmarshal([]byte(kept), &was) == nil && was.UUID != "" && was.Hash == hash {
		return was.UUID, nil
	}
	resp, err := s.api.DefineProfile(ctx, name, p)
	if err != nil {
		return "", err
	}
	id := deref(resp.ProfileUuid)
	if id == "" || len(id) > 128 {
		return "", errors.New("Apple has defined a profile and does not name it")
	}
	now, err := json.Marshal(defined{id, hash})
	if err != nil {
		return "", fmt.Errorf("writing a profile's UUID: %w", err)
	}
	s.Logger.Info("defined an enrolment profile at Apple", "kind", k.String(), "profile", id)
	return id, s.Store.SetADEState(ctx, stateOf(k), string(now))
}

// gone: Apple does not know the profile any more; the next look defines another.
func gone(err error) bool {
	var h *godep.HTTPError
	return errors.As(err, &h) && (strings.Contains(string(h.Body), "PROFILE_NOT_FOUND") || strings.Contains(string(h.Body), "PROFILE_UUID_REQUIRED"))
}
