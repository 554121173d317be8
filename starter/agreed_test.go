package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

// Prices that were agreed with a customer are charged, shown, kept by a repetition and a change of seats, and end with their
// version unless the migration brings others.
func TestAgreedPricesOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c", "--country", "US", "--zone", "America/New_York")
	cheap := file(t, `seats: {USD: {model: per_unit, unit_amount: "7.50"}}`)
	create := []string{"subscription", "create", "--id", id + "-s", "--customer", id + "-c", "--plan", id + "-team", "--seats", "4", "--currency", "USD", "--prices"}
	started := ok(t, append(create, cheap)...)
	require.Contains(t, started, "over USD 30.00: paid")
	require.Equal(t, started, ok(t, append(create, cheap)...))
	other := starter(t, append(create, file(t, `seats: {USD: {model: per_unit, unit_amount: "7"}}`))...)
	require.Equal(t, exitRefused, other.code)
	require.Contains(t, other.err, `exists with other terms (prices {"seats":{"USD":{"model":"per_unit","unit_amount":"7"}}} instead of `)
	require.Contains(t, ok(t, "subscription", "show", id+"-s"), startertest.Fill(id, "$-team version 1: seats USD 7.50 each"))
	require.Contains(t, ok(t, "invoice", "list", "--customer", id+"-c"), "USD 30.00")

	soldDearer(t, id)
	late := starter(t, "subscription", "change", id+"-s", "--seats", "5", "--prices", cheap)
	require.Equal(t, exitRefused, late.code)
	require.Contains(t, late.err, "was sold plan")
	change := []string{"subscription", "preview", "change", id + "-s", "--plan-version", "2", "--at-period-end", "--prices"}
	require.Contains(t, ok(t, append(change, file(t, `{"seats": {"USD": {"model": "per_unit", "unit_amount": 6.25}}}`))...), "USD 25.00")

	migrate := []string{"plan", "migrate", "--plan", id + "-team", "--from", "1", "--to", "2", "--notice-days", "0"}
	tried := outcomes(t, ok(t, append(migrate, "--dry-run", "--json")...))[id+"-s"]
	require.Equal(t, map[string]any{"minor": 3000.0, "currency": "USD"}, tried["old"])
	require.Equal(t, map[string]any{"minor": 3700.0, "currency": "USD"}, tried["new"])
	require.Contains(t, tried["old_agreed"], "seats")
	brought := file(t, id+`-s: {seats: {USD: {model: per_unit, unit_amount: "8"}}}`)
	require.Contains(t, ok(t, append(migrate, "--prices", brought)...), "ends: seats USD 7.50 each; begins: seats USD 8.00 each")
	require.Contains(t, ok(t, "subscription", "show", id+"-s"), startertest.Fill(id, "; $-team version 2: seats USD 8.00 each"))
	require.Contains(t, ok(t, "check"), "holds")
}

func TestBadAgreedPrices(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c")
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-pro")
	for prices, says := range map[string]string{
		`seats: {USD: {model: per_unit, unit_amount: -1}}`:              "--prices: seats.USD.unit_amount must not be negative",
		`seats: {EUR: {model: per_unit, unit_amount: 1}}`:               "--prices: seats.USD is missing: the subscription is billed in that currency",
		`chairs: {USD: {model: per_unit, unit_amount: 1}}`:              "--prices: chairs: plan",
		`seats: {USD: {model: per_unit, unit_amount: 1, colour: blue}}`: "--prices: seats.USD.colour",
		`seats: [1]`: "--prices: seats",
	} {
		got := starter(t, "subscription", "create", "--id", id+"-x", "--customer", id+"-c", "--plan", id+"-team", "--seats", "2", "--currency", "USD",
			"--prices", file(t, prices))
		require.Equal(t, exitRefused, got.code, got.err)
		require.Contains(t, got.err, says, prices)
	}
	soldDearer(t, id)
	for prices, says := range map[string]string{
		id + `-s: {fee: {EUR: {model: flat, flat_amount: 1}}}`:  "--prices: " + id + "-s: the subscription has plan",
		`nobody: {seats: {EUR: {model: flat, flat_amount: 1}}}`: `--prices: "nobody": there is no such subscription`,
	} {
		got := starter(t, "plan", "migrate", "--plan", id+"-team", "--from", "1", "--to", "2", "--prices", file(t, prices))
		require.Equal(t, exitRefused, got.code, got.err)
		require.Contains(t, got.err, says, prices)
	}
}
