package invoicing

import "github.com/perennial-billing/perennial/billing/money"

// Stripe's smallest charges in minor units, by currency. Source: https://docs.stripe.com/currencies, "Minimum and maximum
// charge amounts". USD and GBP are confirmed, the others are not yet held against the page. Stripe also applies the minimum
// of the currency it settles in, which is not known here: what it refuses all the same is let go by dunning.
var smallestCharges = map[money.Currency]int64{
	"AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30,
	"HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200,
	"SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}

// smallestCharge is the least that can be collected by itself. Where no minimum is listed it is our own choice: half a
// major unit, or 50 of a currency without minor units. Half a dinar is more than Stripe may ask for, half a rupiah less.
func smallestCharge(c money.Currency) int64 {
	if least, listed := smallestCharges[c]; listed {
		return least
	}
	switch c.Digits() {
	case 3:
		return 500
	case 0, 2:
		return 50
	default:
		return 1
	}
}

// granule is the number of minor units by which a charge can grow. Source: https://docs.stripe.com/currencies, "Special
// cases" and "Three-decimal currencies": ariary have no minor unit there, and the last of three digits must be 0.
func granule(c money.Currency) int64 {
	switch {
	case c == "MGA":
		return 100
	case c.Digits() == 3:
		return 10
	}
	return 1
}

// collectable splits what is owed, 0 or more, into what can be collected now and what is carried to the next invoice:
// all of it when it is less than the smallest charge, else the units that a charge cannot end in.
func collectable(owed money.Amount) (now, carried money.Amount) {
	rest := owed.Minor % granule(owed.Currency)
	if owed.Minor < smallestCharge(owed.Currency) {
		rest = owed.Minor
	}
	return money.New(owed.Minor-rest, owed.Currency), money.New(rest, owed.Currency)
}

// offsettable is how much of a debt, which can be collected as it stands, a credit can pay so that the rest still can be.
func offsettable(owed, credit money.Amount) money.Amount {
	if credit.Cmp(owed) >= 0 {
		return owed
	}
	unit := granule(owed.Currency)
	rest := (owed.Minor - credit.Minor + unit - 1) / unit * unit
	return money.New(max(0, owed.Minor-max(rest, smallestCharge(owed.Currency))), owed.Currency)
}
