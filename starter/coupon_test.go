package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCouponsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c", "--payment-method", "pm_card_visa", "--currency", "USD", "--country", "US", "--zone", "America/New_York")
	require.Regexp(t, `launch +Launch offer +20 % +periods`, ok(t, "coupon", "add", "--entity", id, "--file", "../docs/examples/coupons.json"))
	require.Contains(t, ok(t, "coupon", "list", "--entity", id), "loyal")
	forTeam := starterWith(t, `[{"id":"team","name":"Team","percent_off":5,"duration":"forever","applies_to":{"products":["`+id+`-team","x"],"charges":["seats"]}}]`,
		"coupon", "add", "--entity", id, "--file", "-")
	require.Regexp(t, `team +Team +5 % +forever +products `+id+`-team, x; charges seats`, forTeam.out)
	team := starter(t, "coupon", "redeem", id+"-c", "--coupon", "team")
	require.Equal(t, exitRefused, team.code)
	require.Contains(t, team.err, "coupon team is for products "+id+"-team, x, not for a customer without a subscription")
	require.Contains(t, ok(t, "coupon", "code", "spring-27", "--entity", id, "--coupon", "launch", "--expires", "2099-01-01T00:00:00Z"), "SPRING-27")
	require.Regexp(t, `Coupon +launch`, ok(t, "coupon", "redeem", id+"-c", "--code", "Spring-27"))
	require.Contains(t, ok(t, "coupon", "discounts", id+"-c"), "Launch offer")
	require.Contains(t, ok(t, "coupon", "remove", id+"-c", "launch"), "launch")
	unknown := starter(t, "coupon", "redeem", id+"-c", "--code", "autumn-27")
	require.Equal(t, exitRefused, unknown.code)
	require.Contains(t, unknown.err, "there is no code AUTUMN-27")
	wrong := starter(t, "coupon", "code", "x-1", "--entity", id, "--coupon", "launch", "--expires", "soon")
	require.Equal(t, exitRefused, wrong.code)
	require.Contains(t, wrong.err, "--expires: ")
}
