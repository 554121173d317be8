package main

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"
)

// market is a seller with customers of its own, who share a test clock. The last one's customers live in real time.
type market struct {
	id, country, zone, currency string
	// prices of a seat, of a month and of a unit of usage.
	seat, month, unit string
	clock             bool
}

var markets = []market{
	{"us", "US", "America/New_York", "USD", "8.75", "30", "0.0125", true},
	{"de", "DE", "Europe/Berlin", "EUR", "8.25", "28", "0.011", true},
	{"jp", "JP", "Asia/Tokyo", "JPY", "1200", "4200", "1.7", true},
	{"br", "BR", "America/Sao_Paulo", "BRL", "45.9", "150", "0.06", true},
	{"au", "AU", "Australia/Sydney", "AUD", "12.5", "44", "0.018", true},
	{"in", "IN", "Asia/Kolkata", "INR", "700", "2400", "1", true},
	{"now", "GB", "Europe/London", "GBP", "7.5", "25", "0.01", false},
}

// The plans of a market: seats in advance with usage in arrears, and the same in arrears by the monthly run.
const (
	seatPlan = "seats"
	runPlan  = "run"
	meter    = "calls"
)

func (m market) plan(kind string) string { return m.id + "-" + kind }

// catalogue is the market's plans as JSON.
func (m market) catalogue() string {
	const charges = `"charges": [
		{"id": "seats", "name": "seats", "kind": "recurring", "per": "seat", "timing": "%[1]s", "tax_category": "saas_b2b",
		 "prices": {"%[2]s": {"model": "per_unit", "unit_amount": "%[3]s"}}},
		{"id": "base", "name": "base fee", "kind": "recurring", "per": "subscription", "timing": "%[1]s", "tax_category": "saas_b2b",
		 "prices": {"%[2]s": {"model": "flat", "flat_amount": "%[4]s"}}},
		{"id": "calls", "name": "calls", "kind": "usage", "timing": "arrears", "meter": "calls", "tax_category": "saas_b2b",
		 "prices": {"%[2]s": {"model": "per_unit", "unit_amount": "%[5]s"}}}]`
	plan := func(kind, billedBy, timing string) string {
		return fmt.Sprintf(`{"id": "%s", "version": 1, "name": "%s", "interval": {"unit": "month", "count": 1}, "proration": "day", "billed_by": "%s", %s}`,
			m.plan(kind), kind, billedBy, fmt.Sprintf(charges, timing, m.currency, m.seat, m.month, m.unit))
	}
	return "[" + strings.Join([]string{plan(seatPlan, "renewal", "advance"), plan(runPlan, "invoice_run", "arrears")}, ",") + "]"
}

// person is a customer with one subscription.
type person struct {
	id     string
	market market
	plan   string
	card   string
	seats  int64
	// startsAfter is how long after the beginning the subscription starts; 0: with the first request.
	startsAfter time.Duration
}

func (p person) subscription() string { return "sub-" + p.id }

// random is the source of everything random about a subject: the same for the same seed, whoever draws first.
func random(seed uint64, subject string) *rand.Rand {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(subject))
	return rand.New(rand.NewPCG(seed, hash.Sum64()))
}

// cards with their share in a hundred. Cards that always decline are replaced by some of their owners.
var cards = []struct {
	token string
	share int
}{
	{"pm_card_visa", 50}, {"pm_card_mastercard", 30}, {"pm_card_amex", 8}, {badCard, 8}, {"pm_card_authenticationRequired", 4},
}

const (
	goodCard = "pm_card_visa"
	badCard  = "pm_card_chargeCustomerFail"
)

func drawCard(r *rand.Rand) string {
	n := r.IntN(100)
	for _, card := range cards {
		if n -= card.share; n < 0 {
			return card.token
		}
	}
	return goodCard
}

// runShare is the part of all customers, in a hundred, that the monthly run bills.
const runShare = 15

// people are the customers on test clocks.
func people(o options) []person {
	all := make([]person, o.subscriptions)
	for i := range all {
		id := fmt.Sprintf("c%04d", i+1)
		r := random(o.seed, id)
		p := person{id: id, market: markets[i%(len(markets)-1)], seats: 1 + r.Int64N(9), card: drawCard(r), plan: seatPlan}
		if r.IntN(100) < runShare {
			p.plan = runPlan
		}
		if r.IntN(10) < 7 { // the others sign up at once and are answered with their first invoice
			p.startsAfter = time.Duration(1+r.IntN(26*24)) * time.Hour
		}
		all[i] = p
	}
	return all
}

// killPlan is when each kind is killed: shares of the whole work, in order, and how long it stays down.
type plannedKill struct {
	at   float64
	down time.Duration
}

// lastKill is the share of the work after which nothing is killed any more by plan.
const lastKill = 0.9

func killPlan(o options, kind string) []plannedKill {
	r := random(o.seed, "kill "+kind)
	planned := make([]plannedKill, o.kills)
	for i := range planned {
		planned[i].at = lastKill * (float64(i) + r.Float64()) / float64(o.kills)
		if r.IntN(4) == 0 { // mostly a supervisor starts it again at once
			planned[i].down = time.Duration(r.Int64N(int64(2 * time.Second)))
		}
	}
	return planned
}
