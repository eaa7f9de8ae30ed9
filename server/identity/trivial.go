package identity

import "strings"

// walks are ways over a number pad that people take for random.
var walks = []string{
	"147258", "258369", "147369", "159753", "753159", "159357", "357159", "741852", "852963", "963852", "789456",
	"456789", "321654", "654321", "987654", "246810", "135790", "142536", "123654", "112358", "314159", "271828", "420420", "696969",
}

// trivial reports whether a PIN is among the first anybody would try: one
// digit or one short group repeated, a run up or down, of single, double or
// triple digits, a mirror, a walk over the pad, or a year and month.
func trivial(pin string) bool {
	for n := 1; n <= len(pin)/2; n++ {
		if len(pin)%n == 0 && strings.Repeat(pin[:n], len(pin)/n) == pin {
			return true
		}
	}
	half := pin[:(len(pin)+1)/2]
	if run(pin, 1) || run(pin, 2) || run(pin, 3) || (mirrored(pin) && run(half, 1)) || yearAndMonth(pin) {
		return true
	}
	for _, w := range walks {
		if strings.HasPrefix(pin, w) {
			return true
		}
	}
	return false
}

// run reports whether pin's digits, each written times over, go up or down by
// one: 123456, 987654, 112233, 111222.
func run(pin string, times int) bool {
	if len(pin)%times != 0 {
		return false
	}
	up, down := true, true
	for i := 1; i < len(pin); i++ {
		step := 0
		if i%times == 0 {
			step = 1
		}
		up = up && (pin[i]-'0') == (pin[i-1]-'0'+byte(step))%10
		down = down && (pin[i]-'0') == (pin[i-1]-'0'+byte(10-step))%10
	}
	return up || down
}

func mirrored(pin string) bool {
	for i := range len(pin) / 2 {
		if pin[i] != pin[len(pin)-1-i] {
			return false
		}
	}
	return true
}

// yearAndMonth: 198407, 200112, which is half of a birthday.
func yearAndMonth(pin string) bool {
	if len(pin) != 6 {
		return false
	}
	year, month := pin[:4], pin[4:]
	return year >= "1930" && year <= "2029" && month >= "01" && month <= "12"
}
