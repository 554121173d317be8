package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

// sellersLife is what a seller does to two subscriptions, as a quote plays it. $ is the seller, NEXT is the next year.
const sellersLife = `
customers:
  - {id: $-c, zone: America/New_York, country: US, currency: USD}
  - {id: $-hq, zone: America/New_York, country: US, currency: USD}
seller: {country: IE}
timeline:
  - {at: NEXT-01-01, subscribe: {id: $-s, customer: $-c, plan: $-team, plan_version: 1, seats: 3, billing_group: office}}
  - {at: NEXT-01-01, subscribe: {id: $-t, customer: $-c, plan: $-team, plan_version: 1, seats: 1}}
  - {at: NEXT-01-10, charge: {subscription: $-s, id: set-up, unit_amount: 100, tax_category: saas_b2b}}
  - {at: NEXT-01-10, charge: {subscription: $-s, id: training, unit_amount: 40, tax_category: saas_b2b}}
  - {at: NEXT-01-10, cancel_charge: {subscription: $-s, charge: set-up}}
  - {at: NEXT-01-20, billing_group: {subscription: $-t, billing_group: office}}
  - {at: NEXT-01-20, migrate: {plan: $-team, from: 1, to: 2, notice_days: 30}}
  - {at: NEXT-02-03, customer: {id: $-c, parent: $-hq, invoiced_to: parent}}
  - {at: NEXT-02-04, change: {subscription: $-s, seats: 2}}
  - {at: NEXT-02-05, migrate: {plan: $-team, from: 1, to: 2, notice_days: 20}}
  - {at: NEXT-03-10, migrate: {plan: $-team, from: 2, to: 1, when: now, customers: [$-c]}}
until: NEXT-04-10
`

// What a quote says of charges that are taken back, of accounts, billing groups and migrations is what a worker then does.
func TestWhatASellerDoesIsBilledAsItIsQuoted(t *testing.T) {
	t.Parallel()
	id, year := addEntity(t), startertest.NextYear()
	ok(t, "clock", "create", id+"-clock", "--at", year.Format(time.DateOnly)+"T05:00:00Z")
	for _, customer := range []string{"-c", "-hq"} {
		addCustomer(t, id, id+customer, "--country", "US", "--zone", "America/New_York", "--currency", "USD", "--clock", id+"-clock")
	}
	dearer := strings.Replace(ok(t, "catalog", "export", "--entity", id), `unit_amount: "8"`, `unit_amount: "9.25"`, 1)
	ok(t, "catalog", "apply", "--entity", id, "-f", file(t, dearer))
	run := func(command string) string { return ok(t, strings.Fields(startertest.Fill(id, command))...) }
	on := func(date string) { run(fmt.Sprintf("clock advance $-clock --to %d-%sT12:00:00Z", year.Year(), date)) }

	run("subscription create --id $-s --customer $-c --plan $-team --plan-version 1 --seats 3 --billing-group office")
	run("subscription create --id $-t --customer $-c --plan $-team --plan-version 1 --seats 1")
	on("01-10")
	run("charge add $-s --id set-up --unit-amount 100 --tax-category saas_b2b")
	run("charge add $-s --id training --unit-amount 40 --tax-category saas_b2b")
	run("charge cancel $-s set-up")
	on("01-20")
	run("subscription set-billing-group $-t --billing-group office")
	require.Contains(t, run("plan migrate --plan $-team --from 1 --to 2 --notice-days 30"), "sooner than the notice of 30 days")
	on("02-03")
	run("customer set-account $-c --parent $-hq --invoiced-to parent")
	on("02-04")
	run("subscription change $-s --seats 2")
	on("02-05")
	run("plan migrate --plan $-team --from 1 --to 2 --notice-days 20")
	on("03-10")
	run("plan migrate --plan $-team --from 2 --to 1 --at now --customers " + file(t, id+"-c\n"))
	on("04-10")

	scenario := strings.ReplaceAll(startertest.Fill(id, sellersLife), "NEXT", fmt.Sprint(year.Year()))
	catalogue := ok(t, "catalog", "export", "--entity", id, "--all-versions")
	answer := ok(t, "quote", "--json", "-f", file(t, "catalog:\n"+catalogue+scenario))
	require.Len(t, decoded(t, answer)["refused"], 2, "both renew in fewer than 30 days")
	quoted := invoicesIn(t, answer, "invoices")
	require.Len(t, quoted, 8)
	require.ElementsMatch(t, quoted, invoicesIn(t, run("invoice list --customer $-c --json"), "data"))
	require.Contains(t, ok(t, "check"), "holds")
}
