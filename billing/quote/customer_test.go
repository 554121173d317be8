package quote_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// In mid-period a customer moves from New York to Tokyo: the period keeps its end, the next one begins there and ends by the
// new clock, on which everything is read and shown from then on.
func TestCustomerMovesToAnotherZone(t *testing.T) {
	t.Parallel()
	play(t, `
timeline:
  - {at: 2027-01-31, subscribe: {plan: seats, plan_version: 1, id: sub, seats: 1}}
  - {at: 2027-02-10T12:00, customer: {zone: Asia/Tokyo}}
  - {at: 2027-03-16, change: {seats: 2}}
until: 2027-04-30
expect:
  refused: []
  invoices:
    - {issued_at: "2027-01-31T00:00:00-05:00", period: {end: "2027-02-28T00:00:00-05:00"}, total: 10}
    - {issued_at: "2027-02-28T14:00:00+09:00", period: {end: "2027-03-31T00:00:00+09:00"}, total: 10}
    - {reason: change, issued_at: "2027-03-16T00:00:00+09:00"}
    - {issued_at: "2027-03-31T00:00:00+09:00", period: {end: "2027-04-30T00:00:00+09:00"}, total: 20}
    - {issued_at: "2027-04-30T00:00:00+09:00"}
`)
}

// A move is like a change of the clock. From New York to Tokyo the clock jumps from 12:00 on 10 February to 02:00 of the
// 11th: what happens between is when the customer moves. The other way round the hours come twice, and the first is meant.
func TestTimesAroundAMove(t *testing.T) {
	t.Parallel()
	result := play(t, `
timeline:
  - {at: 2027-01-31, subscribe: {plan: seats, plan_version: 1, id: sub, seats: 1}}
  - {at: 2027-02-10T12:00, customer: {zone: Asia/Tokyo}}
  - {at: 2027-02-10T18:00, cancel: {}}
  - {at: 2027-02-20T12:00, customer: {zone: America/New_York}}
  - {at: 2027-02-20T06:00, reactivate: {}}
  - {at: 2027-02-20T12:30, cancel: {}}
until: 2027-02-21
expect: {refused: []}
`)
	require.Len(t, result.Invoices, 2)
	require.Equal(t, "2027-02-20T06:00:00+09:00", result.Invoices[1].IssuedAt.String())
	require.Equal(t, "2027-02-20T12:30:00-05:00", result.Subscriptions[0].EndedAt.String())
}

// What is invoiced after a move to another country is taxed there; what is credited, as it was charged.
func TestCustomerIsTaxedElsewhere(t *testing.T) {
	t.Parallel()
	play(t, `
seller: {country: DE, registrations: [{scheme: eu_vat, country: DE, number: DE123, from: 2020-01-01}, {scheme: eu_oss, country: DE, number: EU1, from: 2020-01-01}]}
timeline:
  - {at: 2027-01-01, customer: {country: DE, zone: Europe/Berlin}}
  - {at: 2027-01-01, subscribe: {plan: seats, plan_version: 1, id: sub, seats: 10, currency: EUR}}
  - {at: 2027-01-16, customer: {country: FR}}
  - {at: 2027-01-17, change: {seats: 5}}
until: 2027-02-01
expect:
  invoices:
    - {subtotal: 100, tax: 19}
    - {lines: [{amount: -48.39, tax_rate: 19, tax: -9.19}, {amount: 24.19, tax_rate: 20, tax: 4.84}]}
    - {subtotal: 50, tax: 10}
`)
}

// Over the date line there and back a boundary would be 26 hours from itself: such a move is refused, and changes nothing.
func TestMovesThatAreTooFarAreRefused(t *testing.T) {
	t.Parallel()
	result := play(t, `
timeline:
  - {at: 2027-01-01, customer: {zone: Etc/GMT+12}}
  - {at: 2027-01-02, subscribe: {plan: seats, plan_version: 1, id: sub, seats: 1}}
  - {at: 2027-01-10, customer: {zone: Etc/GMT-14, country: DE}}
until: 2027-02-02
expect: {refused: [{path: "timeline[2]", code: zone_too_far}], invoices: [{}, {issued_at: "2027-02-02T00:00:00-12:00"}]}
`)
	require.Contains(t, result.Refused[0].Message, "boundaries of one cycle are less than 26h0m0s apart")
}

func TestWrongChangesOfCustomers(t *testing.T) {
	t.Parallel()
	for entries, want := range map[string]string{
		"{at: 2027-01-01, customer: {}}":                                                                             "timeline[0].customer: give what changes",
		"{at: 2027-01-01, customer: {zone: Mars}}":                                                                   "timeline[0].customer.zone: unknown time zone",
		"{at: 2027-01-01, customer: {id: bob, zone: UTC}}":                                                           `timeline[0].customer.id: there is no customer "bob"`,
		"{at: 2027-01-05, customer: {zone: UTC}}, {at: 2027-01-05T04:00, customer: {zone: Asia/Tokyo}}":              "timeline[1].at: 2027-01-05T04:00 is not after the customer's move before it",
		"{at: 2027-01-05, customer: {zone: Asia/Tokyo}}, {at: 2027-01-02, customer: {zone: UTC}}":                    "timeline[1].at: 2027-01-02 is not after",
		"{at: 2027-01-05, customer: {zone: Asia/Tokyo}}, {at: 2027-02-01T00:01, usage: {meter: calls, quantity: 1}}": "timeline[1].at: 2027-02-01T00:01 is after the end",
	} {
		require.Contains(t, fault(t, sold+"timeline: ["+entries+"]\nuntil: 2027-02-01\n"), want)
	}
}
