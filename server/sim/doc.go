// Package sim is a ward of simulated iPads and the push service that wakes
// them, speaking the real protocols: Apple's MDM check-ins and commands with
// Mdm-Signature, SCEP (RFC 8894), APNs over HTTP/2, and HTTP as the kiosk page
// and the badge readers do. It is there to catch the server, so:
//
//   - It imports nothing of padwarden's. What a server means and what a device
//     understands are written twice, and may not agree.
//   - It is as awkward as the hardware: an acknowledged erase may not happen, a
//     logged-out iPad is silent for two minutes, NotNow is normal, a device that
//     restarts with a passcode stays off Wi-Fi, pushes are coalesced and expire.
//   - It knows the truth. Every session plants a [Canary] on its device, and an
//     [Observer] compares what people are shown with what devices hold. It sees
//     devices and HTTP answers only, never the server's memory.
//
// A [Fleet] owns devices, their pages and every goroutine. Behaviour that
// Apple documents is cited as such; where nothing is published the comment says
// that it is assumed.
package sim
