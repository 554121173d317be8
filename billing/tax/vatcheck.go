package tax

import (
	"slices"
	"strings"
)

// The functions below get a number whose shape was checked, without its country prefix. Every rule is public: the
// national authority's or the one that VIES documents for the country.

// weighted sums digit times weight over the first len(weights) digits.
func weighted(number string, weights ...int) int {
	sum := 0
	for i, w := range weights {
		sum += w * digit(number, i)
	}
	return sum
}

// weightedZero is the commonest rule: the weighted sum of all digits is a multiple of the modulus.
func weightedZero(modulus int, weights ...int) func(string) bool {
	return func(number string) bool { return weighted(number, weights...)%modulus == 0 }
}

func digit(number string, i int) int { return int(number[i] - '0') }

func last(number string) int { return digit(number, len(number)-1) }

// mod reads the string of digits as one number; 12 digits fit an int.
func mod(number string, m int) int {
	r := 0
	for i := range len(number) {
		r = (r*10 + digit(number, i)) % m
	}
	return r
}

// mod11_10 is ISO 7064 MOD 11,10, used by Germany and Croatia.
func mod11_10(number string) bool {
	product := 10
	for i := range len(number) - 1 {
		sum := (digit(number, i) + product) % 10
		if sum == 0 {
			sum = 10
		}
		product = sum * 2 % 11
	}
	return (11-product)%10 == last(number)
}

// luhn doubles every second digit from the right (Italy, Sweden, the French SIREN).
func luhn(number string) bool { return luhnSum(number, len(number)%2)%10 == 0 }

// luhnSum doubles the digits whose index has the given parity and adds the digits of the products.
func luhnSum(number string, parity int) int {
	sum := 0
	for i := range len(number) {
		d := digit(number, i)
		if i%2 == parity {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return sum
}

func checkAT(n string) bool {
	digits := n[1:]
	return (10-(luhnSum(digits[:7], 1)+4)%10)%10 == last(digits)
}

func checkBE(n string) bool { return 97-mod(n[:8], 97) == mod(n[8:], 100) }

// checkBG: nine digits are companies; ten are a citizen's, a foreigner's or another person's number.
func checkBG(n string) bool {
	if len(n) == 9 {
		return cascade(n[:8], 10) == last(n)
	}
	foreigner := weighted(n, 21, 19, 17, 13, 11, 9, 7, 3, 1) % 10
	other := (11 - weighted(n, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11) % 11
	return bulgarianCitizen(n) || foreigner == last(n) || other == last(n)
}

// bulgarianCitizen: the number begins with the year, month and day of birth. The month is 20 higher for those born
// before 1900 and 40 higher for those born after 1999.
func bulgarianCitizen(n string) bool {
	month, day := mod(n[2:4], 100), mod(n[4:6], 100)
	born := month <= 52 && month%20 >= 1 && month%20 <= 12 && day >= 1 && day <= 31
	return born && weighted(n, 2, 4, 8, 5, 10, 9, 7, 3, 6)%11%10 == last(n)
}

// cascade is the two-step rule of Bulgaria and Lithuania: weights rising from 1, and from 3 when the first
// remainder is 10. Weights start over at 1 after the wrap.
func cascade(digits string, wrap int) int {
	for _, start := range []int{0, 2} {
		sum := 0
		for i := range len(digits) {
			sum += ((start+i)%wrap + 1) * digit(digits, i)
		}
		if r := sum % 11; r < 10 {
			return r
		}
	}
	return 0
}

func checkCY(n string) bool {
	odd := [...]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21}
	sum := 0
	for i := range 8 {
		if i%2 == 0 {
			sum += odd[digit(n, i)]
			continue
		}
		sum += digit(n, i)
	}
	return !strings.HasPrefix(n, "12") && n[8] == byte('A'+sum%26)
}

// checkCZ: eight digits are companies, ten a birth number, nine with a leading 6 a person without one. The other
// numbers of nine digits are birth numbers from before 1954, which have no check digit.
func checkCZ(n string) bool {
	switch {
	case len(n) == 8:
		return n[0] != '9' && (11-weighted(n, 8, 7, 6, 5, 4, 3, 2)%11)%10 == last(n)
	case len(n) == 10:
		return mod(n[:9], 11)%10 == last(n)
	case n[0] == '6':
		return (weighted(n[1:], 8, 7, 6, 5, 4, 3, 2)%11+8)%10 == last(n)
	}
	return true
}

func checkEL(n string) bool { return weighted(n, 256, 128, 64, 32, 16, 8, 4, 2)%11%10 == last(n) }

const spanishLetters = "TRWAGMYFPDXBNJZSQVHLCKE"

// checkES tells citizens (digits and a letter), foreigners (X, Y, Z), special persons (K, L, M) and companies apart.
func checkES(n string) bool {
	body, control := n[1:8], n[8]
	switch first := n[0]; {
	case first >= '0' && first <= '9':
		return control == spanishLetters[mod(n[:8], 23)]
	case first >= 'X' && first <= 'Z':
		return control == spanishLetters[mod(string('0'+first-'X')+body, 23)]
	case strings.IndexByte("KLM", first) >= 0:
		return control == spanishLetters[mod(body, 23)]
	case strings.IndexByte("ABCDEFGHJNPQRSUVW", first) >= 0:
		check := (10 - luhnSum(body, 0)%10) % 10
		return control == byte('0'+check) || control == "JABCDEFGHI"[check]
	}
	return false
}

// checkFR: a numeric key is the SIREN followed by 12, modulo 97; one with a letter encodes two remainders modulo 11.
// Monaco's numbers start with 000 and are no SIREN.
func checkFR(n string) bool {
	key, siren := n[:2], n[2:]
	if !strings.HasPrefix(siren, "000") && !luhn(siren) {
		return false
	}
	if !strings.ContainsFunc(key, func(r rune) bool { return r > '9' }) {
		return mod(siren+"12", 97) == mod(key, 100)
	}
	const alphabet = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	first, second := strings.IndexByte(alphabet, key[0]), strings.IndexByte(alphabet, key[1])
	code := first*34 + second - 100
	if key[0] <= '9' {
		code = first*24 + second - 10
	}
	return (mod(siren, 11)+1+code/11)%11 == code%11
}

// checkGB accepts both published remainders (97 and "97 less 55"); numbers below 100 use the old one alone.
// Government departments are GD000-499, health authorities HA500-999.
func checkGB(n string) bool {
	switch n[:2] {
	case "GD":
		return n[2] < '5'
	case "HA":
		return n[2] >= '5'
	}
	r := weighted(n, 8, 7, 6, 5, 4, 3, 2, 10, 1) % 97
	return r == 0 || (mod(n[:3], 1000) >= 100 && slices.Contains([]int{42, 55}, r))
}

// checkIE covers seven digits with one or two letters, and the old form with a letter in second place.
func checkIE(n string) bool {
	digits, letter, extra := n[:7], n[7], 0
	if n[1] < '0' || n[1] > '9' {
		digits = "0" + n[2:7] + n[:1]
	} else if len(n) == 9 {
		extra = 9 * int(n[8]-'A'+1)
	}
	return letter == "WABCDEFGHIJKLMNOPQRSTUV"[(weighted(digits, 8, 7, 6, 5, 4, 3, 2)+extra)%23]
}

func checkLT(n string) bool {
	// The digit before the check digit is 1 for every payer of the tax.
	return n[len(n)-2] == '1' && cascade(n[:len(n)-1], 9) == last(n)
}

func checkLU(n string) bool { return mod(n[:6], 89) == mod(n[6:], 100) }

// checkLV: persons' codes begin with their day of birth, or with 32 since 2017, and those have no check digit.
func checkLV(n string) bool {
	switch {
	case n[0] > '3':
		return weighted(n, 9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1)%11 == 3
	case strings.HasPrefix(n, "32"):
		return true
	}
	return (1+weighted(n, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9))%11%10 == last(n)
}

// checkNL accepts companies (weighted modulo 11) and, since 2020, sole traders (ISO 7064 MOD 97,10 with letters
// as the numbers 10 to 35, over the number including its prefix).
func checkNL(n string) bool {
	if weighted(n, 9, 8, 7, 6, 5, 4, 3, 2, -1)%11 == 0 {
		return true
	}
	return mod("2321"+n[:9]+"11"+n[10:], 97) == 1
}

func checkPT(n string) bool { return (11-weighted(n, 9, 8, 7, 6, 5, 4, 3, 2)%11)%11%10 == last(n) }

func checkRO(n string) bool {
	padded := strings.Repeat("0", 10-len(n)) + n
	return weighted(padded, 7, 5, 3, 2, 1, 7, 5, 3, 2)*10%11%10 == last(n)
}

func checkSI(n string) bool {
	check := 11 - weighted(n, 8, 7, 6, 5, 4, 3, 2)%11
	return check != 11 && check%10 == last(n)
}
