package stripe

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"

	bolt "go.etcd.io/bbolt"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
)

const settlementKey = "settlement"

// settlement is in which currency money is settled; the zero value: each in its own.
func settlement(tx *bolt.Tx) (s control.Settlement) {
	if stored := bucketOf(tx, payoutSettingsBucket).get([]byte(settlementKey)); stored != nil {
		decode(stored, &s)
	}
	return s
}

// setSettlement has money of other currencies exchanged when it reaches the balance.
func (s *Server) setSettlement(w http.ResponseWriter, r *http.Request) {
	var wanted control.Settlement
	err := readAdmin(w, r, &wanted)
	if err == nil {
		err = checkSettlement(wanted)
	}
	if err != nil {
		http.Error(w, "settlement: "+err.Error(), http.StatusBadRequest)
		return
	}
	err = s.update(func(tx *bolt.Tx) error {
		bucketOf(tx, payoutSettingsBucket).put([]byte(settlementKey), encode(wanted))
		return nil
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func checkSettlement(s control.Settlement) error {
	if s.Currency == "" && len(s.Rates) == 0 {
		return nil // each in its own again
	}
	if !among(presentment, s.Currency) {
		return fmt.Errorf("currency %q is not a currency in lower case", s.Currency)
	}
	for currency, rate := range s.Rates {
		if !among(presentment, currency) || currency == s.Currency {
			return fmt.Errorf("rates: %q is not another currency in lower case", currency)
		}
		if r, ok := new(big.Rat).SetString(rate); !ok || r.Sign() <= 0 || strings.Contains(rate, "/") {
			return fmt.Errorf("rates.%s: %q must be a decimal above zero", currency, rate)
		}
	}
	return nil
}

// exchange turns a movement into the currency of settlement, if its own has a rate. Amounts and fees are rounded half up,
// away from zero.
func (r *call) exchange(t *balanceTransaction) {
	s := settlement(r.tx)
	rate, ok := new(big.Rat).SetString(s.Rates[t.Currency])
	if !ok {
		return
	}
	units := new(big.Rat).SetFrac64(subunits(s.Currency), subunits(t.Currency))
	each := new(big.Rat).Mul(rate, units)
	number := json.Number(s.Rates[t.Currency])
	t.Amount, t.Fee, t.Currency, t.ExchangeRate = converted(t.Amount, each), converted(t.Fee, each), s.Currency, &number
}

// subunits is how many of the wire's units make one of a currency.
func subunits(currency string) int64 {
	switch {
	case among(zeroDecimal, currency):
		return 1
	case among(threeDecimal, currency):
		return 1000
	}
	return 100
}

func converted(units int64, each *big.Rat) int64 {
	exact := new(big.Rat).Mul(new(big.Rat).SetInt64(units), each)
	half := big.NewRat(int64(exact.Sign()), 2)
	exact.Add(exact, half)
	return new(big.Int).Quo(exact.Num(), exact.Denom()).Int64() // towards zero, after half a unit away from it
}

// movementTypes are the types of the movements that the admin API can book, by their reporting category.
// Source: https://docs.stripe.com/reports/balance-transaction-types. This version has no type of its own for network costs.
var movementTypes = map[string]string{
	"fee": "stripe_fee", "network_cost": "stripe_fee", "other_adjustment": "adjustment", "tax": "tax_fee", "topup": "topup",
}

// addMovement books what Stripe does to a balance by itself, such as its monthly fees.
func (s *Server) addMovement(w http.ResponseWriter, r *http.Request) {
	var wanted control.Movement
	err := readAdmin(w, r, &wanted)
	switch {
	case err != nil:
	case movementTypes[wanted.Category] == "":
		err = fmt.Errorf("category %q must be fee, network_cost, other_adjustment, tax or topup", wanted.Category)
	case !among(presentment, wanted.Currency):
		err = fmt.Errorf("currency %q is not a currency in lower case", wanted.Currency)
	case wanted.Amount == 0:
		err = errors.New("amount must not be zero")
	}
	if err != nil {
		http.Error(w, "movement: "+err.Error(), http.StatusBadRequest)
		return
	}
	var booked *balanceTransaction
	err = s.update(func(tx *bolt.Tx) error {
		r := &call{asOf: s.billingTime(), tx: tx}
		booked = r.bookAvailable(&balanceTransaction{
			Amount: wanted.Amount, Currency: wanted.Currency, Description: optional(wanted.Description),
			ReportingCategory: wanted.Category, Type: movementTypes[wanted.Category],
		})
		r.awaitPayout(booked)
		return nil
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(encode(control.MovementBooked{ID: booked.ID}))
}
