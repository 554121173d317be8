package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

// life is what a customer does, as a quote plays it. $ is the seller, NEXT is the next year.
const life = `
customers:
  - {id: $-c, zone: America/New_York, country: US, currency: USD}
  - {id: $-d, zone: America/New_York, country: US, currency: USD}
seller: {country: IE}
timeline:
  - {at: NEXT-01-01, subscribe: {id: $-s, customer: $-c, plan: $-team, seats: 3}}
  - {at: NEXT-01-10, change: {seats: 5}}
  - {at: NEXT-01-20, change: {seats: 4, bill: next}}
  - {at: NEXT-02-01, transfer: {customer: $-d, on: NEXT-02-05}}
  - {at: NEXT-02-10, pause: {mode: extend}}
  - {at: NEXT-02-20, resume: {}}
  - {at: NEXT-02-20, cancel: {on: NEXT-03-25, credit_unused: true}}
until: NEXT-04-10
`

// What a quote says of a life is what a worker then does in it, on the clock of a test.
func TestALifeIsBilledAsItIsQuoted(t *testing.T) {
	t.Parallel()
	id, year := addEntity(t), startertest.NextYear()
	ok(t, "clock", "create", id+"-clock", "--at", year.Format(time.DateOnly)+"T05:00:00Z")
	for _, customer := range []string{"-c", "-d"} {
		addCustomer(t, id, id+customer, "--country", "US", "--zone", "America/New_York", "--currency", "USD", "--clock", id+"-clock")
	}
	day := func(date string) string { return fmt.Sprintf("%d-%s", year.Year(), date) }
	on := func(date string) {
		moved := starter(t, "clock", "advance", id+"-clock", "--to", day(date)+"T12:00:00Z")
		require.Equal(t, exitOK, moved.code, moved.err)
	}
	steer := func(command string, more ...string) {
		ok(t, append([]string{"subscription", command, id + "-s"}, more...)...)
	}
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-team", "--seats", "3")
	on("01-10")
	steer("change", "--seats", "5")
	on("01-20")
	steer("change", "--seats", "4", "--bill-next")
	on("02-01")
	steer("transfer", "--customer", id+"-d", "--at", day("02-05"))
	on("02-10")
	steer("pause", "--mode", "extend")
	on("02-20")
	steer("resume")
	steer("cancel", "--at", day("03-25"), "--credit-unused")
	on("04-10")

	exported := ok(t, "catalog", "export", "--entity", id)
	scenario := strings.ReplaceAll(startertest.Fill(id, life), "NEXT", fmt.Sprint(year.Year()))
	quoted := invoicesIn(t, ok(t, "quote", "--json", "-f", file(t, "catalog:\n"+exported+scenario)), "invoices")
	require.Len(t, quoted, 7)
	billed := invoicesIn(t, ok(t, "invoice", "list", "--customer", id+"-c", "--json"), "data")
	billed = append(billed, invoicesIn(t, ok(t, "invoice", "list", "--customer", id+"-d", "--json"), "data")...)
	require.ElementsMatch(t, quoted, billed)
	require.Contains(t, ok(t, "subscription", "show", id+"-s"), "canceled")
	require.Contains(t, ok(t, "check"), "holds")
}

// invoicesIn are customer, reason, day and total of each invoice of an answer.
func invoicesIn(t *testing.T, out, field string) []string {
	t.Helper()
	var answer map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(out), &answer))
	var invoices []struct {
		Customer   string          `json:"customer"`
		CustomerID string          `json:"customer_id"`
		Reason     string          `json:"reason"`
		IssuedAt   time.Time       `json:"issued_at"`
		Total      json.RawMessage `json:"total"`
	}
	require.NoError(t, json.Unmarshal(answer[field], &invoices))
	newYork, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	texts := make([]string, len(invoices))
	for i, invoice := range invoices {
		total := struct{ Minor json.Number }{json.Number(invoice.Total)}
		if strings.HasPrefix(string(invoice.Total), "{") {
			require.NoError(t, json.Unmarshal(invoice.Total, &total))
		}
		texts[i] = fmt.Sprint(invoice.Customer+invoice.CustomerID, " ", invoice.Reason, " ", invoice.IssuedAt.In(newYork).Format(time.DateOnly), " ", total.Minor)
	}
	slices.Sort(texts)
	return texts
}
