package activities_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/internal/store"
)

// scenario is the time line for the quote.
func (l timeline) scenario(t *testing.T) string {
	t.Helper()
	entries := make([]map[string]any, 0, len(l.entries))
	for i, e := range l.entries {
		fields, action := map[string]any{"subscription": e.subscription}, e.action
		switch e.action {
		case "subscribe":
			fields = map[string]any{"id": e.subscription, "plan": e.plan, "plan_version": 1, "seats": e.seats, "add_ons": e.addOns, "customer": l.customer, "billing_group": l.group}
		case "usage":
			fields = e.usageEntry(l.customer)
		case "change":
			fields["plan"], fields["plan_version"], fields["seats"], fields["when"] = e.plan, 1, e.seats, e.when
			fields["add_ons"] = e.quantities()
			fields["new_period"] = e.newPeriod
			if e.billNext {
				fields["bill"] = quote.BillNext
			}
		case "charge":
			fields = e.charge(i)
		case "cancel":
			fields["when"], fields["credit_unused"] = e.when, true
		case "grant":
			fields = grantFields(e.grant)
			fields["customer"] = l.customer
		case "grant_paid":
			fields, action = map[string]any{"customer": l.customer, "grant": e.grant.GrantID}, "paid"
		case "return_grant":
			fields = map[string]any{"customer": l.customer, "id": e.grant.GrantID}
		case "top_up":
			fields = e.topUpEntry(l.customer)
		case "customer":
			fields = map[string]any{"id": l.customer, "zone": e.plan}
		case "redeem":
			fields = map[string]any{"coupon": e.plan, "customer": l.customer}
		}
		if len(e.prices) > 0 {
			fields["prices"] = e.prices
		}
		entries = append(entries, map[string]any{"at": e.at, action: fields})
	}
	customers := make([]any, 0, 3)
	for _, a := range l.accounts() {
		customers = append(customers, map[string]any{
			"id": a.ID, "zone": l.zone, "country": "GB", "postal_code": "W1A 1AA", "currency": "EUR",
			"parent": a.ParentID, "invoiced_to": cmp.Or(a.InvoicedTo, account.Self), "paid_by": cmp.Or(a.PaidBy, account.Self),
		})
	}
	text, err := json.Marshal(map[string]any{
		"catalog": json.RawMessage(strings.TrimSuffix(strings.TrimSpace(catalogue), "]") + l.sold + "]"), "coupons": quotedCoupons(), "timeline": entries,
		"until": l.until, "settings": map[string]any{"collection": "manual"},
		"seller": map[string]any{"country": "US", "registrations": []any{
			map[string]any{"scheme": "uk_vat", "country": "GB", "number": "GB123456789", "from": "2020-01-01"},
		}},
		"customers": customers,
	})
	require.NoError(t, err)
	return string(text)
}

// document is what an invoice says, in a form that both sides have.
type document struct {
	Customer, PaidBy                                                                                    string
	Key                                                                                                 string
	IssuedAt                                                                                            time.Time
	Subtotal, Tax, Total, CarriedIn, CarriedOut, CreditGranted, CreditApplied, Prepaid, AmountDue, Owed int64
	Lines                                                                                               []documentLine
}

type documentLine struct {
	Subscription                      string
	Kind, Description, Exact, Credits string
	Amount, Tax                       int64
	Phase                             int
	Agreed                            bool
	Start, End                        time.Time
}

func (h *history) documents() []document {
	var all []document
	keys := map[string]string{}
	for _, state := range h.states {
		for _, i := range h.of(state.ID) {
			if _, listed := keys[i.ID]; listed {
				continue // another shares it
			}
			keys[i.ID] = i.BusinessKey
			d := document{
				Customer: i.CustomerID, PaidBy: i.PayerID, Key: i.BusinessKey, IssuedAt: i.IssuedAt.UTC(), Subtotal: i.Subtotal, Tax: i.Tax, Total: i.Total, CarriedIn: i.CarriedIn, CarriedOut: i.CarriedOut,
				CreditGranted: i.CreditGranted, CreditApplied: i.CreditApplied, Prepaid: i.PrepaidApplied, AmountDue: i.AmountDue, Owed: i.Owed().Minor,
			}
			lines, err := h.InvoiceLines(h.ctx, i.ID)
			require.NoError(h.t, err)
			for _, l := range lines {
				line := documentLine{
					Subscription: *l.SubscriptionID, Kind: l.Kind, Description: l.Description, Exact: l.Exact.String(), Amount: l.Amount, Tax: l.Tax,
					Start: l.PeriodStart.UTC(), End: l.PeriodEnd.UTC(),
				}
				line.Phase, line.Agreed = pricedBy(h.t, l)
				if l.CreditsInvoice != nil {
					line.Credits = fmt.Sprintf("%s line %d", *l.CreditsInvoice, *l.CreditsPosition)
				}
				d.Lines = append(d.Lines, line)
			}
			all = append(all, d)
		}
	}
	for i := range all {
		for n := range all[i].Lines {
			if id, rest, credits := strings.Cut(all[i].Lines[n].Credits, " "); credits {
				all[i].Lines[n].Credits = keys[id] + " " + rest
			}
		}
	}
	return inOrder(all)
}

// pricedBy is the phase whose price a line on record says it has, and whether the price was agreed.
func pricedBy(t require.TestingT, l store.InvoiceLine) (phase int, agreed bool) {
	var explained invoicing.Explanation
	require.NoError(t, json.Unmarshal(l.Explanation, &explained))
	return explained.Phase, explained.Agreed
}

func quotedDocuments(r quote.Result) []document {
	var all []document
	for _, i := range r.Invoices {
		d := document{
			Customer: i.Customer, PaidBy: i.PaidBy, Key: i.ID, IssuedAt: i.IssuedAt.Clock().UTC(), Subtotal: i.Subtotal.Minor, Tax: i.Tax.Minor, Total: i.Total.Minor,
			CarriedIn: i.CarriedIn.Minor, CarriedOut: i.CarriedOut.Minor, CreditGranted: i.CreditGranted.Minor, CreditApplied: i.CreditApplied.Minor,
			Prepaid:   i.PrepaidApplied.Minor,
			AmountDue: i.AmountDue.Minor, Owed: i.Owed.Minor,
		}
		for _, l := range i.Lines {
			line := documentLine{
				Subscription: l.Subscription, Kind: string(l.Kind), Description: l.Description, Exact: l.Exact.String(), Amount: l.Amount.Minor, Tax: l.Tax.Minor,
				Start: l.Period.Start.Clock().UTC(), End: l.Period.End.Clock().UTC(), Phase: l.Explanation.Phase,
				Agreed: l.Explanation.Agreed,
			}
			if l.Credits != nil {
				line.Credits = fmt.Sprintf("%s line %d", l.Credits.Invoice, l.Credits.Line)
			}
			d.Lines = append(d.Lines, line)
		}
		all = append(all, d)
	}
	return inOrder(all)
}

// inOrder sorts documents by their identity, and their lines: two invoices of one instant have no order of their own.
func inOrder(all []document) []document {
	for i := range all {
		slices.SortFunc(all[i].Lines, func(a, b documentLine) int {
			return cmp.Or(cmp.Compare(a.Subscription, b.Subscription), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Credits, b.Credits), a.Start.Compare(b.Start), cmp.Compare(a.Description, b.Description))
		})
	}
	slices.SortFunc(all, func(a, b document) int { return cmp.Compare(a.Key, b.Key) })
	return all
}

func quotedRefusals(r quote.Result) []string {
	var refused []string
	for _, one := range r.Refused {
		refused = append(refused, one.Path+" "+one.Code)
	}
	return refused
}
