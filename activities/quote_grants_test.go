package activities_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/billing/wallet"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// addGrants gives the customer of a time line some credit: given or paid for below its worth, some for one charge or meter, some that expires, in part.
func (l *timeline) addGrants(rng *rand.Rand) {
	for n := range 1 + rng.IntN(4) {
		at := l.entries[0].at.AddDate(0, 0, rng.IntN(90)).Add(time.Duration(rng.IntN(3600)) * time.Second)
		in := gift(l.customer, fmt.Sprintf("grant_%d", n), int64(500+rng.IntN(20_000)))
		in.At, in.Priority = at, 40+10*rng.IntN(3)
		if rng.IntN(2) == 0 {
			in.Payment, in.Cost = message.PaidOutside, eur(1+rng.Int64N(in.Amount.Minor))
		}
		switch rng.IntN(4) {
		case 0:
			in.AppliesTo = wallet.Purpose{Charges: []string{"seat", "fee"}}
		case 1:
			in.AppliesTo = wallet.Purpose{Meters: []string{"calls"}}
		}
		if rng.IntN(3) > 0 {
			in.ExpiresAt = at.AddDate(0, 0, 1+rng.IntN(70))
			if rng.IntN(2) == 0 {
				limit := eur(int64(1 + rng.IntN(5000)))
				in.Rollover = &wallet.Rollover{
					Percent: decimal.New(int64(1+rng.IntN(10_000)), -2), Cap: &limit, For: calendar.Interval{Unit: calendar.Month, Count: 1},
				}
			}
		}
		l.entries = append(l.entries, event{at: at, action: "grant", grant: in})
	}
}

// grantFields are a grant as an entry of a scenario.
func grantFields(in message.GrantCredit) map[string]any {
	fields := map[string]any{
		"id": in.GrantID, "amount": in.Amount.Decimal(), "basis": wallet.Promotional, "cost": in.Cost.Decimal(), "priority": in.Priority,
		"applies_to": in.AppliesTo,
	}
	if in.Payment != message.NotPaid {
		fields["basis"] = wallet.Paid
	}
	if in.Payment == message.PaidByInvoice {
		fields["payment"], fields["usable"] = quote.PaidByInvoice, quote.WhenPaid
		if in.AtOnce {
			fields["usable"] = quote.AtOnce
		}
	}
	if in.ValidFor != nil {
		fields["valid_for"] = in.ValidFor
	}
	if !in.ExpiresAt.IsZero() {
		fields["expires_at"] = in.ExpiresAt
	}
	if in.Rollover != nil {
		fields["rollover"] = map[string]any{"percent": in.Rollover.Percent, "cap": in.Rollover.Cap.Decimal(), "for": in.Rollover.For}
	}
	return fields
}

// quotedGrants are what is left of each grant, and its movements, in words.
func quotedGrants(quoted quote.Result) map[string]string {
	all := map[string]string{}
	for _, g := range quoted.Grants {
		words := []string{fmt.Sprintf("%s %d/%d:", g.Basis, g.Left.Minor, g.CostLeft.Minor)}
		for _, m := range g.Movements {
			words = append(words, fmt.Sprintf("%s %d/%d", m.Kind, m.Amount.Minor, m.Cost.Minor))
		}
		all[g.Grant] = strings.Join(words, " ")
	}
	return all
}

func (h *history) grantsLeft(customer string) map[string]string {
	all := map[string]string{}
	for id, g := range h.grants(customer) {
		all[id] = fmt.Sprintf("%s %d/%d:", g.Grant.Basis, g.Left.Minor, g.CostLeft.Minor)
	}
	movements, err := h.GrantMovements(h.ctx, customer, "EUR")
	require.NoError(h.t, err)
	for _, m := range movements {
		all[m.GrantID] += fmt.Sprintf(" %s %d/%d", m.Kind, m.Amount, m.Cost)
	}
	return all
}

// inBritain is a seller who is registered for tax where the customers of the time lines are.
func inBritain(t *testing.T) *bundle {
	t.Helper()
	b := setup(t)
	require.NoError(t, b.AddTaxRegistration(b.ctx, "acme", tax.Registration{
		Scheme: tax.SchemeUKVAT, Country: "GB", Number: "GB123456789", From: calendar.Date{Year: 2020, Month: time.January, Day: 1},
	}))
	return b
}

// payLatest records the payment of a subscription's latest invoice.
func (h *history) payLatest(i int, e event) {
	h.t.Helper()
	issued := h.of(e.subscription)
	refuse := func(code string) { h.refused = append(h.refused, fmt.Sprintf("timeline[%d] %s", i, code)) }
	if len(issued) == 0 {
		refuse("invoice_unknown")
		return
	}
	latest := issued[len(issued)-1]
	if !latest.Owed().IsPositive() {
		refuse("nothing_owed")
		return
	}
	require.NoError(h.t, h.Tx(h.ctx, func(tx store.Tx) error {
		return tx.SetInvoiceStatus(h.ctx, latest.ID, "paid", latest.AmountPaid+latest.Owed().Minor, &e.at)
	}))
}
