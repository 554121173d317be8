package stripe

import (
	"fmt"
	"slices"
	"strings"
)

// presentment lists the currencies Stripe charges in.
const presentment = "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd " +
	"cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf " +
	"idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr " +
	"mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp " +
	"sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw"

const (
	zeroDecimal  = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
	threeDecimal = "bhd jod kwd omr tnd"
	// wholeUnits are two-decimal on the wire but must end in 00.
	wholeUnits = "isk ugx"
)

const maxAmount = 99_999_999

func among(set, currency string) bool { return slices.Contains(strings.Fields(set), currency) }

// minimum is the smallest charge in the currency's minor units.
func minimum(currency string) int64 {
	switch currency {
	case "gbp":
		return 30
	case "dkk":
		return 250
	case "sek", "nok":
		return 300
	case "hkd":
		return 400
	case "pln", "ron", "aed", "myr":
		return 200
	case "bgn":
		return 100
	case "mxn", "thb":
		return 1000
	case "czk":
		return 1500
	case "huf":
		return 17500
	case "isk", "ugx":
		return 100
	}
	if among(threeDecimal, currency) {
		return 500
	}
	return 50
}

// parseCurrency accepts either case, as Stripe does, and returns lower case.
func parseCurrency(code string) (string, *apiError) {
	currency := strings.ToLower(code)
	if !among(presentment, currency) {
		return "", invalid("", "currency", "Invalid currency: %s. Stripe currently supports these currencies: %s",
			currency, strings.Join(strings.Fields(presentment), ", "))
	}
	return currency, nil
}

// checkAmount applies the limits of a charge.
func checkAmount(amount int64, currency string) *apiError {
	switch {
	case amount < 1:
		return invalid("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1.")
	case amount > maxAmount:
		return invalid("amount_too_large", "amount", "Amount must be no more than %s", display(maxAmount, currency))
	case amount < minimum(currency):
		return invalid("amount_too_small", "amount", "Amount must be at least %s", display(minimum(currency), currency))
	}
	return checkGranularity(amount, currency)
}

func checkGranularity(amount int64, currency string) *apiError {
	if among(wholeUnits, currency) && amount%100 != 0 {
		return invalid("invalid_charge_amount_no_decimal_compatible", "amount",
			"Invalid amount: %d. %s has no minor unit, so the amount must be divisible by 100.", amount, strings.ToUpper(currency))
	}
	if among(threeDecimal, currency) && amount%10 != 0 {
		return invalid("", "amount", "Invalid amount: %d. The last digit of an amount in %s must be 0.", amount, strings.ToUpper(currency))
	}
	return nil
}

// display writes an amount for a message, such as "0.50 usd".
func display(amount int64, currency string) string {
	switch {
	case among(zeroDecimal, currency):
		return fmt.Sprintf("%d %s", amount, currency)
	case among(threeDecimal, currency):
		return fmt.Sprintf("%d.%03d %s", amount/1000, amount%1000, currency)
	default:
		return fmt.Sprintf("%d.%02d %s", amount/100, amount%100, currency)
	}
}

// processingFee is 2.9 % of the amount, rounded half up to a minor unit, plus a fixed part worth USD 0.30:
// three fifths of the currency's minimum charge, which Stripe sets at about USD 0.50 everywhere. Where only whole
// units exist, a part of one counts as one.
func processingFee(amount int64, currency string) int64 {
	fee := (amount*29+500)/1000 + minimum(currency)*3/5
	if among(wholeUnits, currency) {
		fee = (fee + 99) / 100 * 100
	}
	return fee
}

// bankFee is what a payment from a bank account costs: 0.8 %, at most ten times the currency's minimum charge, which
// is about USD 5.00.
func bankFee(amount int64, currency string) int64 {
	fee := min((amount*8+500)/1000, 10*minimum(currency))
	if among(wholeUnits, currency) {
		fee = (fee + 99) / 100 * 100
	}
	return fee
}
