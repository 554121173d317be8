package invoicing_test

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
)

func zone(t require.TestingT, name string) calendar.Zone {
	z, err := calendar.LoadZone(name)
	require.NoError(t, err)
	return z
}

func month(t require.TestingT, z calendar.Zone, name string) calendar.Period {
	p, err := calendar.MonthPeriod(z, name)
	require.NoError(t, err)
	return p
}

// at is a local time, written "2027-01-16" for the start of the day or "2027-01-16 15:04".
func at(t require.TestingT, z calendar.Zone, local string) time.Time {
	date, clock := local, "00:00"
	if len(local) > 10 {
		date, clock = local[:10], local[11:]
	}
	day, err := calendar.ParseDate(date)
	require.NoError(t, err)
	hours, err := time.Parse("15:04", clock)
	require.NoError(t, err)
	return z.Instant(day, hours.Hour(), hours.Minute(), 0)
}

func between(t require.TestingT, z calendar.Zone, from, to string) calendar.Period {
	return calendar.Period{Start: at(t, z, from), End: at(t, z, to)}
}

func number(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func in(currency money.Currency, price catalog.Price) map[money.Currency]catalog.Price {
	return map[money.Currency]catalog.Price{currency: price}
}

func perUnit(amount string) catalog.Price {
	return catalog.Price{Model: catalog.PerUnit, UnitAmount: number(amount)}
}

func flat(amount string) catalog.Price {
	return catalog.Price{Model: catalog.Flat, FlatAmount: number(amount)}
}

// base is a price per subscription and seats one per seat, both in advance and in USD; used is one per metered unit.
func base(amount string) catalog.Charge {
	return recurring("base", catalog.PerSubscription, catalog.Advance, in("USD", flat(amount)))
}

func seats(amount string) catalog.Charge {
	return recurring("seats", catalog.PerSeat, catalog.Advance, in("USD", perUnit(amount)))
}

func used(id string, price catalog.Price) catalog.Charge {
	return catalog.Charge{
		ID: id, Name: id, Kind: catalog.Usage, Timing: catalog.Arrears, Meter: id, TaxCategory: "saas_b2c", Prices: in("USD", price),
	}
}

func recurring(id string, per catalog.Per, timing catalog.Timing, prices map[money.Currency]catalog.Price) catalog.Charge {
	return catalog.Charge{ID: id, Name: id, Kind: catalog.Recurring, Per: per, Timing: timing, TaxCategory: "saas_b2c", Prices: prices}
}

func plan(t require.TestingT, id string, grain catalog.Grain, charges ...catalog.Charge) catalog.Plan {
	p := catalog.Plan{
		ID: id, Version: 1, Name: id, Interval: calendar.Interval{Unit: calendar.Month, Count: 1}, Proration: grain,
		BilledBy: catalog.ByRenewal, Charges: charges,
	}
	require.NoError(t, p.Validate())
	return p
}

// untaxed facts sell from and to the United States, where the seller is not registered.
func untaxed(z calendar.Zone, issuedAt time.Time) invoicing.Facts {
	return invoicing.Facts{
		Key: "invoice:sub_1:test", Reason: invoicing.ForCycle, IssuedAt: issuedAt, Currency: "USD", Zone: z,
		Seller: tax.Seller{Country: "US"}, Buyer: tax.Buyer{Country: "US", PostalCode: "94103"}, Balance: money.Zero("USD"),
	}
}

// taxedIn makes the buyer a consumer of a country where the seller has to charge VAT.
func taxedIn(country string, f invoicing.Facts) invoicing.Facts {
	from := calendar.Date{Year: 2020, Month: time.January, Day: 1}
	f.Seller = tax.Seller{Country: "US", Registrations: []tax.Registration{
		{Scheme: tax.SchemeUKVAT, Country: "GB", Number: "GB980780684", From: from},
		{Scheme: tax.SchemeEUOSS, Country: "IE", Number: "EU372000041", From: from},
	}}
	f.Buyer = tax.Buyer{Country: country}
	return f
}

func terms(p catalog.Plan, seats int64) invoicing.Terms {
	return invoicing.Terms{Plan: p, Seats: seats}
}

// shown writes lines as "kind charge quantity amount" with the prorated share, if any.
func shown(inv invoicing.Invoice) []string {
	var lines []string
	for _, l := range inv.Lines {
		text := fmt.Sprintf("%s %s/%s %s %s", l.Kind, l.PlanID, l.ChargeID, l.Quantity, l.Amount)
		if l.Explanation.Of != 0 {
			text += fmt.Sprintf(" %d/%d", l.Explanation.Part, l.Explanation.Of)
		}
		lines = append(lines, text)
	}
	return lines
}

// account remembers invoices as the database does, to find out what a revision has to take back.
type account struct {
	t        require.TestingT
	plans    map[string]catalog.Plan
	invoices []invoicing.Invoice
	issuedAt []time.Time
}

func newAccount(t require.TestingT, plans ...catalog.Plan) *account {
	a := &account{t: t, plans: map[string]catalog.Plan{}}
	for _, p := range plans {
		a.plans[p.ID] = p
	}
	return a
}

func (a *account) issue(f invoicing.Facts) invoicing.Invoice {
	inv, err := invoicing.Build(f)
	require.NoError(a.t, err)
	a.keep(inv, f.IssuedAt)
	return inv
}

func (a *account) keep(inv invoicing.Invoice, issuedAt time.Time) {
	a.invoices, a.issuedAt = append(a.invoices, inv), append(a.issuedAt, issuedAt)
}

func invoiceID(i int) string { return fmt.Sprintf("inv_%d", i+1) }

// running lists the lines charged in advance for time after an instant and not credited, with what the database keeps of them.
func (a *account) running(after time.Time) []invoicing.BilledLine {
	credited := map[invoicing.LineRef]bool{}
	for _, l := range a.lines() {
		if l.Credits != nil {
			credited[*l.Credits] = true
		}
	}
	var running []invoicing.BilledLine
	for i, inv := range a.invoices {
		for j, l := range inv.Lines {
			charge := l.Kind == invoicing.Recurring || l.Kind == invoicing.ProrationCharge
			ref := invoicing.LineRef{InvoiceID: invoiceID(i), Position: j + 1}
			if !charge || credited[ref] || !l.Period.End.After(after) || !l.Period.End.After(a.issuedAt[i]) {
				continue
			}
			l.Exact = decimal.Decimal{}
			running = append(running, invoicing.BilledLine{InvoiceID: ref.InvoiceID, Position: ref.Position, Line: l, Plan: a.plans[l.PlanID]})
		}
	}
	return running
}

func (a *account) lines() []invoicing.Line {
	var lines []invoicing.Line
	for _, inv := range a.invoices {
		lines = append(lines, inv.Lines...)
	}
	return lines
}

// revision makes facts of a change at an instant of the period; no new terms mean a pause or the end.
func (a *account) revision(f invoicing.Facts, period calendar.Period, when time.Time, next *invoicing.Terms) invoicing.Facts {
	f.Reason, f.IssuedAt, f.Opens, f.Closes = invoicing.ForChange, when, nil, nil
	f.Revises = &invoicing.Revision{At: when, Period: period, Billed: a.running(when), NewTerms: next}
	return f
}
